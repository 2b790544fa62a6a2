using System.CommandLine;
using System.Text.Json;
using KVCluster.Benchmarks.Throughput;
using KVCluster.Inference.Kv;

var model = new Argument<string>("model") { Description = "model folder or GGUF file" };
var tokens = new Option<string?>("--tokens") { Description = "JSON array of token ids; default: a fixed sequence of ids" };
var threads = new Option<int>("--threads") { DefaultValueFactory = _ => Environment.ProcessorCount };
var prompts = new Option<string>("--prompts") { DefaultValueFactory = _ => "512,2048" };
var generate = new Option<int>("--generate") { DefaultValueFactory = _ => 48 };
var repeat = new Option<int>("--repeat") { DefaultValueFactory = _ => 5 };
var kv = new Option<KvElementType>("--kv") { DefaultValueFactory = _ => KvElementType.BF16 };
var batch = new Option<int>("--batch") { DefaultValueFactory = _ => 512 };
var arena = new Option<long>("--arena") { Description = "MiB of KV arena; default: what the prompts take" };
var pin = new Option<bool>("--pin") { Description = "tie threads to cores" };
var command = new RootCommand("Prefill and decode tokens/s of the CPU backend, as one line of JSON.")
{
    model, tokens, threads, prompts, generate, repeat, kv, batch, pin, arena,
};
command.SetAction(result =>
{
    int[] lengths = Array.ConvertAll(result.GetValue(prompts)!.Split(','), p => int.Parse(p, System.Globalization.CultureInfo.InvariantCulture));
    int needed = lengths.Max() + result.GetValue(generate);
    int[] ids = result.GetValue(tokens) is { } file
        ? JsonSerializer.Deserialize<int[]>(File.ReadAllText(file))!
        : Enumerable.Range(0, needed).Select(i => 3 + (i * 7919 % 1500)).ToArray();
    var settings = new ThroughputSettings(
        result.GetValue(model)!,
        ids,
        result.GetValue(threads),
        lengths,
        result.GetValue(generate),
        result.GetValue(repeat),
        result.GetValue(kv),
        result.GetValue(pin),
        result.GetValue(batch),
        result.GetValue(arena));
    Console.WriteLine(JsonSerializer.Serialize(ThroughputBenchmark.Run(settings)));
});
return command.Parse(args).Invoke();
