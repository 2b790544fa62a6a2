using System.CommandLine;
using KVCluster.Compression.Policies;
using KVCluster.Inference;
using KVCluster.Silo.Comparing;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Options;
using KVCluster.Silo.Terminals;

namespace KVCluster.Silo.Verbs;

/// <summary><c>compare</c>: shows what compression does to answers, bytes and seconds. Needs no arguments.</summary>
internal static class CompareVerb
{
    private const string DefaultKeeps = "0.5,0.25,0.1,0.03";

    // What the paper keeps, and what is kept where nobody looks.
    private static readonly string[] s_defaultPolicies = [PolicyChoice.Default, "streaming-llm"];

    public static Command Create(Terminal terminal, Interrupt interrupt)
    {
        ModelOptionSet models = new(bundledByDefault: true, calibrated: true);
        Option<string?> document = OptionOf.Text("--document", "a text file to ask about; a bundled one by default", "FILE");
        Option<string?> questions = OptionOf.Text("--questions", """JSON: [{"question": "...", "expected": ["..."]}]""", "FILE");
        Option<string?> keep = OptionOf.Text("--keep", $"fractions of the cache to keep; {DefaultKeeps} by default", "X,X,...");
        Option<string[]> policies = OptionOf.Texts(
            "--policy",
            $"what stays, may be given many times, of {PolicyChoice.Names()}; {string.Join(" and ", s_defaultPolicies)} by default",
            "POLICY");
        Option<bool> json = JsonOutput.Option();
        Command command = new("compare", "Ask a long document questions while its KV cache is cut to a fraction.")
        {
            document, questions, keep, policies,
        };
        models.AddTo(command);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            CompareSettings settings = new()
            {
                Keeps = Keeps(parsed.GetValue(keep) ?? DefaultKeeps),
                Policies = Policies(parsed.GetValue(policies) ?? []),
                Material = Material(parsed.GetValue(document), parsed.GetValue(questions)),
                Model = models.Read(parsed),
            };
            CompareRun.Run(terminal, settings, parsed.GetValue(json), interrupt.Token);
            return ExitCode.Success;
        });
        return command;
    }

    // The whole cache is asked in any case, and once is enough.
    private static IReadOnlyList<double> Keeps(string list) => [.. Retention.ParseList(list, "--keep").Where(k => k < 1).Distinct()];

    private static IReadOnlyList<(string Specification, ICompressionPolicy Policy)> Policies(string[] given) =>
        [.. (given.Length > 0 ? given : s_defaultPolicies).Select(p => (p, PolicyChoice.Parse(p, scores: null)))];

    private static CompareMaterial Material(string? document, string? questions) => (document, questions) switch
    {
        (null, null) => CompareMaterial.Bundled(),
        (not null, not null) => CompareMaterial.Read(document, questions),
        (null, not null) => throw new InputException("--questions needs --document: the bundled document holds no answers to them"),
        _ => throw new InputException("--document needs --questions with the answers it holds"),
    };
}
