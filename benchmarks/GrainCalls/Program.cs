using System.Globalization;
using KVCluster.Benchmarks.GrainCalls;

// usage: GrainCalls [seconds = 2] [repetitions = 5]
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
double seconds = 2;
int repeat = 5;
if (args.Length > 2
    || (args.Length > 0 && !(double.TryParse(args[0], out seconds) && seconds > 0))
    || (args.Length > 1 && !(int.TryParse(args[1], out repeat) && repeat > 0)))
{
    Console.Error.WriteLine("usage: GrainCalls [seconds] [repetitions]");
    return 2;
}

const int Activations = 10_000;
TimeSpan time = TimeSpan.FromSeconds(seconds);
await using EngineHost host = await EngineHost.StartAsync();
Console.WriteLine($"engine {EngineHost.Name}, one silo, called in its process; {Environment.ProcessorCount} processors; {repeat} runs of {seconds} s");
Console.WriteLine($"{"in flight",9} {"calls/s (best)",15} {"calls/s (median)",17}");
foreach (int callers in (int[])[1, 64])
{
    await CallRate.MeasureAsync(host.Grains, callers, time);
    List<double> rates = [];
    for (int run = 0; run < repeat; run++)
    {
        rates.Add(await CallRate.MeasureAsync(host.Grains, callers, time));
    }

    rates.Sort();
    Console.WriteLine($"{callers,9} {rates[^1],15:N0} {rates[rates.Count / 2],17:N0}");
}

Console.WriteLine($"{await IdleMemory.MeasureAsync(host.Grains, Activations):N0} bytes of managed memory an idle activation ({Activations:N0} of them)");
return 0;
