using System.Globalization;
using KVCluster.Benchmarks.Serving;

// usage: Serving MODEL [together | delay | idle | resume | all] [context = 512] [threads = all]
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string what = args.Length > 1 ? args[1] : "all";
int context = 512;
int threads = Environment.ProcessorCount;
if (args.Length == 0 || what is not ("together" or "delay" or "idle" or "resume" or "all")
    || (args.Length > 2 && !int.TryParse(args[2], out context)) || (args.Length > 3 && !int.TryParse(args[3], out threads)))
{
    Console.Error.WriteLine("usage: Serving MODEL [together | delay | idle | resume | all] [context] [threads]");
    return 2;
}

Console.WriteLine($"{Path.GetFileName(args[0])}, {Environment.ProcessorCount} processors, {threads} kernel threads");
if (what is "together" or "all")
{
    await Measurements.TogetherAsync(args[0], threads, context, tokens: 48);
}

if (what is "delay" or "all")
{
    await Measurements.DelayAsync(args[0], threads, sessions: 8, context, prompt: 2000);
}

if (what is "idle" or "all")
{
    await Measurements.IdleAsync(args[0], threads, sessions: 10_000, tokens: 64);
}

if (what is "resume" or "all")
{
    await Resuming.RunAsync(args[0], threads, context: 2048, prompt: 100);
}

return 0;
