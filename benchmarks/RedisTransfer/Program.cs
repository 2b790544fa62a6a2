using System.Globalization;
using KVCluster.Benchmarks.RedisTransfer;

// usage: RedisTransfer [seconds for each cell = 1] [rounds = 5] [get | set] [MiB] [connections]
//        RedisTransfer resume MODEL [rounds = 3]
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args is ["resume", var model, ..])
{
    using var redis = new LocalServer();
    await ResumeBenchmark.RunAsync(model, redis.Port, args.Length > 2 ? int.Parse(args[2]) : 3);
    return;
}

double seconds = args.Length > 0 ? double.Parse(args[0]) : 1;
int rounds = args.Length > 1 ? int.Parse(args[1]) : 5;

using var server = new LocalServer();
Console.WriteLine($"{Environment.ProcessorCount} processors; median of {rounds} rounds, each pair side by side; GB/s of values");
Console.WriteLine("whole: the value is one piece of memory; pages: 8 KiB pieces; x4: four calls at once on each connection");
Console.WriteLine("share: of redis-benchmark's bytes/s; cpu: of its processor time a byte");
Console.WriteLine($"{"",-4} {"MiB",4} {"conn",4} {"redis-benchmark",15} {"whole share",12} {"cpu",6} "
    + $"{"pages share",12} {"cpu",6} {"pages x4",12} {"cpu",6}");
foreach (bool write in args.Length > 2 ? [args[2] == "set"] : new[] { true, false })
{
    foreach (double mebibytes in args.Length > 3 ? [double.Parse(args[3])] : new[] { 0.5, 2, 8 })
    {
        foreach (int connections in args.Length > 4 ? [int.Parse(args[4])] : new[] { 1, 4 })
        {
            int bytes = (int)(mebibytes * (1 << 20));
            int calls = Math.Max(4 * connections, (int)(seconds * 1.5e9 / bytes));
            var plain = new TransferBenchmark(server.Port, connections, 1);
            var deep = new TransferBenchmark(server.Port, connections, 4);
            List<Transfer[]> figures = [];
            for (int round = 0; round < rounds; round++)
            {
                figures.Add(
                [
                    server.Benchmark(write ? "set" : "get", bytes, connections, calls),
                    await plain.RunAsync(write, bytes, bytes, calls),
                    await plain.RunAsync(write, bytes, 8192, calls),
                    await deep.RunAsync(write, bytes, 8192, calls),
                ]);
            }

            string Cell(int column) =>
                $"{100 * Median(f => f[column].BytesPerSecond / f[0].BytesPerSecond),10:F0} % "
                + $"{Median(f => f[column].ProcessorSecondsPerByte / f[0].ProcessorSecondsPerByte),6:F2}";
            double Median(Func<Transfer[], double> of) => figures.Select(of).Order().ElementAt(rounds / 2);
            Console.WriteLine($"{(write ? "SET" : "GET"),-4} {mebibytes,4} {connections,4} "
                + $"{Median(f => f[0].BytesPerSecond) / 1e9,15:F2} {Cell(1)} {Cell(2)} {Cell(3)}");
        }
    }
}
