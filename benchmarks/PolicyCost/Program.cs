using System.Globalization;
using KVCluster.Benchmarks.PolicyCost;
using KVCluster.Compression.Policies;

// usage: PolicyCost MODEL [tokens = 2048] [repetitions = 3] [policy specification ...]
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length == 0
    || (args.Length > 1 && !(int.TryParse(args[1], out int given) && given > 0))
    || (args.Length > 2 && !(int.TryParse(args[2], out given) && given > 0)))
{
    Console.Error.WriteLine("usage: PolicyCost MODEL [tokens] [repetitions] [policy specification ...]");
    return 2;
}

int tokens = args.Length > 1 ? int.Parse(args[1]) : 2048;
int repeat = args.Length > 2 ? int.Parse(args[2]) : 3;
IEnumerable<string> specifications = args.Length > 3
    ? args[3..]
    : CompressionPolicies.All.Select(d => d.Name);
const double Ratio = 0.5;

using var benchmark = new PolicyCostBenchmark(args[0], tokens, Environment.ProcessorCount);
double prefill = Enumerable.Range(0, repeat + 1).Min(_ => benchmark.Prefill());
Console.WriteLine($"{tokens} tokens, {Environment.ProcessorCount} processors, ratio {Ratio}; prefill {prefill:F2} s; best of {repeat}");
Console.WriteLine("times: share of the prefill; freed: of the conversation's pages");
Console.WriteLine($"{"policy",-24} {"gather %",9} {"plan %",8} {"apply %",8} {"freed %",8}");
foreach (string specification in specifications)
{
    var (gather, plan, apply, freed) = benchmark.Run(CompressionPolicies.Parse(specification), Ratio, repeat);
    Console.WriteLine(
        $"{specification,-24} {100 * gather / prefill,9:F1} {100 * plan / prefill,8:F2} {100 * apply / prefill,8:F2} {100 * freed,8:F1}");
}

return 0;
