using System.CommandLine;
using System.Globalization;
using KVCluster.Benchmarks.PolicyCost;
using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var model = new Argument<string>("model") { Description = "model folder or GGUF file" };
var policies = new Argument<string[]>("policies") { Description = "policy specifications; default: every policy at its defaults", DefaultValueFactory = _ => [] };
var tokens = new Option<int>("--tokens") { Description = "tokens of the prefill", DefaultValueFactory = _ => 2048 };
var repeat = new Option<int>("--repeat") { Description = "repetitions, of which the best counts", DefaultValueFactory = _ => 5 };
var rounds = new Option<int>("--rounds") { Description = "prefills of each kind of observation", DefaultValueFactory = _ => 8 };
var observing = new Option<bool>("--observing") { Description = "measure observing alone, and no policy" };
var ratio = new Option<double>("--ratio") { Description = "share of the cache that is removed", DefaultValueFactory = _ => 0.5 };
var threads = new Option<int>("--threads") { Description = "threads of the backend", DefaultValueFactory = _ => Environment.ProcessorCount };
var kv = new Option<KVCluster.Inference.Kv.KvElementType>("--kv") { Description = "element type of the cache", DefaultValueFactory = _ => KVCluster.Inference.Kv.KvElementType.F32 };
var cpu = new Option<bool>("--cpu-time") { Description = "measure the process's processor time: for one thread on a busy machine" };
foreach (Option<int> option in (Option<int>[])[tokens, repeat, rounds, threads])
{
    option.Validators.Add(result =>
    {
        if (result.GetValueOrDefault<int>() < 1)
        {
            result.AddError($"{option.Name} must be 1 or more");
        }
    });
}

var command = new RootCommand("What policies, and observing attention, cost as a share of the prefill they follow.")
{
    model, policies, tokens, repeat, rounds, observing, ratio, threads, kv, cpu,
};
command.SetAction(result =>
{
    int repetitions = result.GetValue(repeat);
    string[] specifications = result.GetValue(policies) is { Length: > 0 } named ? named : [.. CompressionPolicies.All.Select(d => d.Name)];
    ICompressionPolicy[] parsed = Array.ConvertAll(specifications, CompressionPolicies.Parse);
    using var benchmark = new PolicyCostBenchmark(new PolicyCostSettings(
        result.GetValue(model)!, result.GetValue(tokens), result.GetValue(threads), result.GetValue(kv), result.GetValue(cpu)));
    benchmark.Prefill();
    Console.WriteLine($"{result.GetValue(tokens)} tokens, {result.GetValue(threads)} threads, cache {result.GetValue(kv)}");
    if (!result.GetValue(observing))
    {
        PolicyTable.Write(benchmark, specifications, parsed, result.GetValue(ratio), repetitions);
        Console.WriteLine();
    }

    ObservationTable.Write(benchmark, result.GetValue(rounds));
});
try
{
    return command.Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception e) when (e is PolicyException or InputException)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
