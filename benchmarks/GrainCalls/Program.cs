using System.Globalization;
using KVCluster.Benchmarks.GrainCalls;

const string usage = """
    Usage: GrainCalls [--seconds N] [--rounds N] [--activations N]

    Measures grain calls a second with 1 and 64 in flight, elements a second of a stream whose elements come one by one, and the managed bytes of an
    idle activation. Every figure is the best of the rounds.
    """;

if (args.Contains("--help"))
{
    Console.WriteLine(usage);
    return 0;
}

var settings = new Dictionary<string, double> { ["--seconds"] = 2, ["--rounds"] = 5, ["--activations"] = 10_000 };
for (var i = 0; i < args.Length; i += 2)
{
    if (!settings.ContainsKey(args[i]) || i + 1 == args.Length
        || !double.TryParse(args[i + 1], CultureInfo.InvariantCulture, out var value) || value <= 0)
    {
        Console.Error.WriteLine($"{args[i]}: not an option with a number above zero.\n{usage}");
        return 2;
    }

    settings[args[i]] = value;
}

var time = TimeSpan.FromSeconds(settings["--seconds"]);
var rounds = (int)settings["--rounds"];
await using var cluster = await BenchmarkCluster.StartAsync();
Console.WriteLine($"engine {BenchmarkCluster.Engine}, {Environment.ProcessorCount} processors");
await CallBenchmark.CallsPerSecondAsync(cluster.Client, 64, time, grain => grain.Empty());

await ReportAsync("empty calls/s, 1 in flight", () => CallBenchmark.CallsPerSecondAsync(cluster.Client, 1, time, grain => grain.Empty()));
await ReportAsync("empty calls/s, 64 in flight", () => CallBenchmark.CallsPerSecondAsync(cluster.Client, 64, time, grain => grain.Empty()));
await ReportAsync("calls with two numbers/s, 64 in flight", () => CallBenchmark.CallsPerSecondAsync(cluster.Client, 64, time, grain => grain.Add(1, 2)));
await ReportAsync("elements of a stream/s", () => CallBenchmark.ElementsPerSecondAsync(cluster.Client, 20_000));
var bytes = await CallBenchmark.BytesPerIdleActivationAsync(cluster.Client, (int)settings["--activations"]);
Console.WriteLine($"{"managed bytes an idle activation",-44}{bytes,12:N0}");
return 0;

async Task ReportAsync(string what, Func<Task<double>> measure)
{
    var best = 0.0;
    for (var round = 0; round < rounds; round++)
    {
        best = Math.Max(best, await measure());
    }

    Console.WriteLine($"{what,-44}{best,12:N0}");
}
