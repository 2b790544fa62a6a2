using System.CommandLine;
using KVCluster.Inference;
using KVCluster.Silo.Demo;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Options;
using KVCluster.Silo.Terminals;

namespace KVCluster.Silo.Verbs;

/// <summary><c>demo</c>: many conversations on memory for a few. Needs no arguments.</summary>
internal static class DemoVerb
{
    private const string Scheme = "redis://";

    public static Command Create(Terminal terminal, Interrupt interrupt)
    {
        DemoSettings usual = new() { Model = null! };
        ModelOptionSet models = new(bundledByDefault: true);
        Option<string?> documents = OptionOf.Text("--documents", "a folder of .txt and .md files to talk about; facts to ask for are hidden in them", "DIR");
        Option<int?> conversations = OptionOf.Number<int>("--conversations", $"how many; {usual.Conversations} by default");
        Option<int?> nodes = OptionOf.Number<int>("--nodes", $"nodes in this process; {usual.Nodes} by default");
        Option<int?> whole = OptionOf.Number<int>("--whole", $"whole caches that the memory holds; {usual.Uncompressed} by default");
        Option<string?> redis = OptionOf.Text("--redis", "cold copies go to this Redis in the run with compression", "HOST:PORT");
        Option<string?> record = OptionOf.Text("--record", "write the live view to a file, as text", "FILE");
        Option<bool> json = JsonOutput.Option();
        Command command = new("demo", "Keep many conversations alive on memory for a few of them.")
        {
            documents, conversations, nodes, whole, redis, record,
        };
        models.AddTo(command);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            DemoSettings settings = usual with
            {
                Model = models.Read(parsed),
                Documents = parsed.GetValue(documents),
                Conversations = InRange(parsed.GetValue(conversations) ?? usual.Conversations, 1, 1000, "--conversations"),
                Nodes = InRange(parsed.GetValue(nodes) ?? usual.Nodes, 1, 16, "--nodes"),
                Uncompressed = InRange(parsed.GetValue(whole) ?? usual.Uncompressed, 1, 1000, "--whole"),
                Redis = Connection(parsed.GetValue(redis)),
                Record = parsed.GetValue(record),
            };
            DemoRun.RunAsync(terminal, settings, parsed.GetValue(json), interrupt.Token).GetAwaiter().GetResult();
            return ExitCode.Success;
        });
        return command;
    }

    private static string? Connection(string? redis) => redis is null || redis.Contains("://", StringComparison.Ordinal) ? redis : Scheme + redis;

    private static int InRange(int value, int least, int most, string name) => value >= least && value <= most
        ? value
        : throw new InputException($"{name} is {value}: it must be from {least} to {most}");
}
