using System.Diagnostics;
using System.Globalization;
using KVCluster.Benchmarks.AllocatorSimulation;

// usage: AllocatorSimulation [--nodes N] [--sessions N] [--rounds N] [--seed N] [--memory SHARE] [--load BYTES_PER_SECOND] [--prefill TOKENS_PER_SECOND] [--plot FILE.svg]
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (Arguments.Parse(args, out string? error) is not { } settings)
{
    Console.Error.WriteLine(error);
    return 2;
}

Console.WriteLine(
    $"{settings.Nodes} nodes x {settings.SessionsPerNode} sessions, {settings.Rounds} rounds of {settings.RoundSeconds} s, seed {settings.Seed}; "
    + $"memory {settings.MemoryShare:P0} of all bytes; cold tier {settings.LoadBytesPerSecond / 1e9:F2} GB/s, prefill {settings.PrefillTokensPerSecond:F0} tokens/s");
Console.WriteLine($"{"policy",-30} {"turns",9} {"held",7} {"at turn",8} {"first token s",14} {"p95",7} {"cost s",8} {"waiting",9} {"peak",7} {"wall s",7}");
List<SimulationResult> results = [];
foreach (IMemoryPolicy policy in new IMemoryPolicy[]
    { new ControllerPolicy(settings, true), new ControllerPolicy(settings, false), new UniformPolicy(), new LruPolicy() })
{
    Stopwatch watch = Stopwatch.StartNew();
    SimulationResult r = new ClusterSimulation(settings, policy).Run();
    results.Add(r);
    double cost = r.MeanFirstToken + (30 * (1 - r.MassAtTurns));
    Console.WriteLine(
        $"{r.Policy,-30} {r.Turns,9} {r.MassHeld,7:P1} {r.MassAtTurns,8:P1} {r.MeanFirstToken,14:F3} {r.Percentile(0.95),7:F2} {cost,8:F3} "
        + $"{r.Waited,9} {r.MostUsedShare,7:P1} {watch.Elapsed.TotalSeconds,7:F1}");
}

Console.WriteLine("held: attention mass in memory, mean over all sessions; at turn: mean over turns served; cost: first token + 30 s x mass lost at the turn;");
Console.WriteLine("waiting: turns left waiting, summed over nodes and rounds; peak: the most any node held of its limit, at any instant");
SimulationResult allocated = results[0];
Console.WriteLine($"short of bytes, by round: {string.Join(' ', allocated.Short.Select(s => s.ToString("P1")))}");
Console.WriteLine(
    $"hot nodes change in round {settings.ShiftRound}; short of 1 % or more for at most {allocated.LongestUnsettled()} rounds in a row");
Console.WriteLine($"messages a round: at most {allocated.Messages.Max()} for {settings.Nodes} nodes; {allocated.MovedSessions} sessions moved");
if (settings.PlotPath is { } path)
{
    File.WriteAllText(path, SimulationPlot.Svg(settings, results));
    Console.WriteLine($"plot: {path}");
}

return 0;
