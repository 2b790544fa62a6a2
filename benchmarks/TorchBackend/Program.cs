using System.CommandLine;
using System.Globalization;
using KVCluster.Benchmarks.Torch;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Torch;

var shape = new Option<string>("--shape")
{
    Description = "tiny, 135m, 1b, 8b or layers,hidden,queryHeads,kvHeads,headSize,ffn,vocabulary",
    DefaultValueFactory = _ => "135m",
};
var device = new Option<string>("--device") { Description = "cpu or cuda:N", DefaultValueFactory = _ => "cpu" };
var type = new Option<TorchComputeType?>("--type") { Description = "F32, BF16 or F16; default: as the backend chooses" };
var kv = new Option<KvElementType>("--kv") { DefaultValueFactory = _ => KvElementType.F32 };
var prompt = new Option<int>("--prompt") { DefaultValueFactory = _ => 512 };
var context = new Option<int>("--context") { Description = "tokens before decoding", DefaultValueFactory = _ => 512 };
var generate = new Option<int>("--generate") { DefaultValueFactory = _ => 16 };
var batches = new Option<string>("--batches") { Description = "sequences that decode together", DefaultValueFactory = _ => "1,4" };
var threads = new Option<int>("--threads") { DefaultValueFactory = _ => Environment.ProcessorCount };
var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 3 };
var processor = new Option<bool>("--processor-time")
{
    Description = "seconds of processor time, for a machine that is busy with other things (with --threads 1)",
};
var steps = new Option<int>("--flatness")
{
    Description = "runs so many steps of sessions that come and go instead, and prints what memory is held",
};
var plot = new Option<string?>("--plot") { Description = "where --flatness writes its picture (SVG)" };
var peer = new Option<string?>("--peer") { Description = "a Python with torch, to run the same shapes in plain PyTorch in turn" };
var script = new Option<string>("--script") { DefaultValueFactory = _ => "benchmarks/peer/torch_llama.py" };
var command = new RootCommand("Speed of the TorchSharp backend: tokens/s, bandwidth, share of the device's measured peak.")
{
    shape, device, type, kv, prompt, context, generate, batches, threads, rounds, processor, steps, plot, peer, script,
};
command.SetAction(r =>
{
    Clock.Processor = r.GetValue(processor);
    var settings = new Settings(
        r.GetValue(shape)!,
        r.GetValue(device)!,
        r.GetValue(type),
        r.GetValue(kv),
        r.GetValue(prompt),
        r.GetValue(context),
        r.GetValue(generate),
        Array.ConvertAll(r.GetValue(batches)!.Split(','), b => int.Parse(b, CultureInfo.InvariantCulture)),
        r.GetValue(threads),
        r.GetValue(rounds));
    if (r.GetValue(steps) is > 0 and var count)
    {
        Flatness.Run(settings, count, r.GetValue(plot));
        return;
    }

    Report.Run(settings, r.GetValue(peer), r.GetValue(script)!);
});
return command.Parse(args).Invoke();
