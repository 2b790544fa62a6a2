using System.CommandLine;
using System.Globalization;
using System.Numerics;
using KVCluster.Compression.Policies;
using KVCluster.Evaluation.Running;
using KVCluster.Evaluation.Tasks;
using KVCluster.Inference;
using KVCluster.Silo.Evaluating;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Options;
using KVCluster.Silo.Terminals;
using KVCluster.Worker.Calibration;

namespace KVCluster.Silo.Verbs;

/// <summary><c>evaluate</c>: measures policies side by side on retrieval tasks.</summary>
internal static class EvaluateVerb
{
    private static readonly Dictionary<string, EvaluationProtocol> s_protocols = new()
    {
        ["kvpress"] = EvaluationProtocol.KvPress,
        ["multi-turn"] = EvaluationProtocol.MultiTurn,
    };

    public static Command Create(Terminal terminal, Interrupt interrupt)
    {
        ModelOptionSet models = new(bundledByDefault: true, calibrated: true);
        Option<string?> tasks = OptionOf.Text("--tasks", $"tasks to make samples of, separated by commas: {TaskHelp()}", "NAMES");
        Option<string?> lengths = OptionOf.Text("--lengths", $"their lengths in tokens; {EvaluateDefaults.Length} by default", "N,N,...");
        Option<int?> count = OptionOf.Number<int>(
            "--count", $"samples of each task and length; {EvaluateDefaults.Count} by default, all of those given");
        Option<ulong?> seed = OptionOf.Number<ulong>("--seed", $"start of the random numbers; {EvaluateDefaults.Seed} by default");
        Option<string[]> files = OptionOf.Texts("--samples", "given samples, JSON lines; may be given many times", "FILE");
        Option<string[]> policies = OptionOf.Texts(
            "--policy", $"NAME or NAME:PARAMETER=VALUE,...; may be given many times; all by default: {PolicyHelp()}", "POLICY");
        Option<string?> ratios = OptionOf.Text("--ratios", "fractions of the cache to remove; 0.25,0.5,0.75,0.9 by default", "X,X,...");
        Option<EvaluationProtocol?> protocol = OptionOf.Choice(
            "--protocol", "kvpress (the default): each question alone; multi-turn: all in one conversation", s_protocols);
        Option<string?> output = OptionOf.Text("--out", "outcomes as JSON lines; a second start goes on where the first ended", "FILE");
        Option<string?> report = OptionOf.Text("--report", "an HTML page with tables and plots", "FILE");
        Option<bool> json = JsonOutput.Option();
        Command command = new("evaluate", "Measure which policy keeps the most accuracy per byte.")
        {
            tasks, lengths, count, seed, files, policies, ratios, protocol, output, report,
        };
        models.AddTo(command);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            ModelChoice model = models.Read(parsed);
            string[] given = parsed.GetValue(files) ?? [];
            EvaluateSettings settings = new()
            {
                Model = model,
                Tasks = [.. TaskNames(parsed.GetValue(tasks), given, model).Select(EvaluationTasks.Find)],
                Lengths = Numbers<int>(parsed.GetValue(lengths), "--lengths") ?? [EvaluateDefaults.Length],
                SampleFiles = given,
                Count = parsed.GetValue(count) is { } n ? AtLeastOne(n, "--count") : null,
                Seed = parsed.GetValue(seed) ?? EvaluateDefaults.Seed,
                Evaluation = new EvaluationSettings
                {
                    Policies = parsed.GetValue(policies) is { Length: > 0 } named
                        ? [.. named.Select(PolicyUnderTest.Parse)]
                        : EvaluateDefaults.Policies(CalibrationFile.Find(model.Path, model.CalibrationFile) is not null),
                    Ratios = Numbers<double>(parsed.GetValue(ratios), "--ratios") ?? EvaluationSettings.DefaultRatios,
                    Protocol = parsed.GetValue(protocol) ?? EvaluationProtocol.KvPress,
                },
                OutcomeFile = parsed.GetValue(output),
                ReportFile = parsed.GetValue(report),
                Command = $"{CommandHost.Name} {string.Join(' ', parsed.Tokens.Select(t => Quoted(t.Value)))}",
            };
            return EvaluateRun.Run(terminal, interrupt, settings, parsed.GetValue(json));
        });
        return command;
    }

    private static string PolicyHelp() => string.Join(", ", CompressionPolicies.All.Select(d => d.Name));

    private static string TaskHelp() => string.Join("; ", EvaluationTasks.All.Select(t => $"{t.Name}: {t.Summary}"));

    private static IEnumerable<string> TaskNames(string? named, string[] files, ModelChoice model)
    {
        if (named is not null)
        {
            return named.Split(',', StringSplitOptions.TrimEntries).Distinct();
        }

        return files.Length > 0 ? [] : model.Bundled ? EvaluateDefaults.NeedleTasks : EvaluateDefaults.Tasks;
    }

    private static T[]? Numbers<T>(string? text, string name)
        where T : struct, INumber<T>
    {
        return text is null ? null : [.. text.Split(',', StringSplitOptions.TrimEntries).Select(Parse).Distinct()];

        T Parse(string part) => T.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out T value) && value > T.Zero
            ? value
            : throw new InputException($"{name}: '{part}' is not a {(typeof(T) == typeof(int) ? "whole number" : "number")} above 0");
    }

    private static int AtLeastOne(int value, string name) =>
        value >= 1 ? value : throw new InputException($"{name} is {value}: it must be 1 or more");

    private static string Quoted(string word) => word.Any(char.IsWhiteSpace) ? $"'{word}'" : word;
}
