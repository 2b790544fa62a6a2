using System.CommandLine;
using KVCluster.Benchmarks.Policies;

var model = new Argument<string>("model") { Description = "model folder or GGUF file" };
var tokens = new Option<int>("--tokens") { Description = "tokens of context", DefaultValueFactory = _ => 2048 };
var ratio = new Option<double>("--ratio") { Description = "fraction removed", DefaultValueFactory = _ => 0.75 };
var threads = new Option<int>("--threads") { DefaultValueFactory = _ => Environment.ProcessorCount };
var repeat = new Option<int>("--repeat") { Description = "repetitions; the best counts", DefaultValueFactory = _ => 3 };
var policies = new Option<string[]>("--policy") { Description = "policies to measure; all that need no calibration by default" };
var command = new RootCommand("What each policy costs as a share of the prefill it follows, as a Markdown table.")
{
    model, tokens, ratio, threads, repeat, policies,
};
command.SetAction(result => PolicyCost.Run(
    result.GetValue(model)!,
    result.GetValue(tokens),
    result.GetValue(ratio),
    result.GetValue(threads),
    result.GetValue(repeat),
    result.GetValue(policies) ?? []));
return command.Parse(args).Invoke();
