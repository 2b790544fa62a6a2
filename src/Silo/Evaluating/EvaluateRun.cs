using KVCluster.Evaluation.Reports;
using KVCluster.Evaluation.Running;
using KVCluster.Evaluation.Samples;
using KVCluster.Evaluation.Summary;
using KVCluster.Inference;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Options;
using KVCluster.Silo.Rendering;
using KVCluster.Silo.Sessions;
using KVCluster.Silo.Terminals;
using KVCluster.Worker;
using Spectre.Console;

namespace KVCluster.Silo.Evaluating;

/// <summary>Makes or reads samples, measures, and presents what came of it.</summary>
internal static class EvaluateRun
{
    /// <summary>Characters a column takes beside its text.</summary>
    private const int ColumnPadding = 3;

    public static int Run(Terminal terminal, Interrupt interrupt, EvaluateSettings settings, bool json)
    {
        settings.Evaluation.Validate();
        RequireFolder(settings.OutcomeFile, "--out");
        RequireFolder(settings.ReportFile, "--report");
        int longest = SampleCollection.Longest(settings);
        (LocalModel model, _) = ModelOpening.Open(terminal, settings.Model, EvaluationRunner.ArenaTokens(longest));
        using LocalModel owned = model;
        _ = CalibrationNeed.Meet(model, settings.Evaluation.Policies.Select(p => p.Policy));
        EvaluationRunner runner = new(model, settings.Evaluation);
        IReadOnlyList<Sample> samples = SampleCollection.Gather(settings, model);
        OutcomeHeader header = OutcomeHeader.Of(model);
        using OutcomeLog log = settings.OutcomeFile is { } path ? OutcomeLog.Open(path, header) : new OutcomeLog();
        IReadOnlyList<Outcome> outcomes = Measure(terminal, interrupt, runner, samples, log, settings);
        string name = Path.GetFileName(settings.Model.Path.TrimEnd(Path.DirectorySeparatorChar));
        EvaluationReport report = new(
            name,
            model.Fingerprint,
            ModelOptionSet.NameOf(settings.Model.KvType),
            header.PageTokens,
            settings.Command,
            EvaluationSummary.Of(outcomes));
        if (settings.ReportFile is { } page)
        {
            Write(page, HtmlReport.Write(report));
        }

        Present(terminal, report, json);
        return ExitCode.Success;
    }

    private static IReadOnlyList<Outcome> Measure(
        Terminal terminal,
        Interrupt interrupt,
        EvaluationRunner runner,
        IReadOnlyList<Sample> samples,
        OutcomeLog log,
        EvaluateSettings settings)
    {
        int before = log.Count;
        try
        {
            return ProgressBars.Run(terminal, "measuring", progress => runner.Run(samples, log, progress, interrupt.Token));
        }
        catch (OperationCanceledException)
        {
            string kept = settings.OutcomeFile is null ? "nothing is kept without --out" : "the same command goes on from there";
            terminal.Error.WriteLine($"{CommandHost.Name}: stopped after {log.Count - before} new outcomes; {kept}");
            throw;
        }
    }

    private static void Present(Terminal terminal, EvaluationReport report, bool json)
    {
        if (json)
        {
            terminal.Output.WriteLine(SummaryJson.Write(report));
            return;
        }

        foreach (LengthSummary summary in report.Summary.Lengths)
        {
            string length = summary.Length is { } tokens ? $"{tokens} tokens" : "all lengths";
            string bytes = Amount.Bytes((long)summary.WholeBytes);
            terminal.Output.WriteLine($"{length}: whole cache {bytes}, accuracy {summary.WholeAccuracy:F3}");
            if (summary.Curves.Count > 0)
            {
                terminal.OutputConsole.Write(TableOf(ReportTables.Policies(summary), terminal.OutputConsole.Profile.Width));
                terminal.OutputConsole.Write(TableOf(ReportTables.Bytes(summary), terminal.OutputConsole.Profile.Width));
            }
        }
    }

    private static Table TableOf((IReadOnlyList<string> Head, IReadOnlyList<IReadOnlyList<string>> Rows) content, int width)
    {
        Table table = new Table().Border(TableBorder.Simple);
        bool fits = Enumerable.Range(0, content.Head.Count).Sum(i => ColumnPadding + Math.Max(content.Head[i].Length, Widest(content, i))) <= width;
        for (int i = 0; i < content.Head.Count; i++)
        {
            // Headings and names of policies wrap where the terminal is narrow, numbers do not.
            TableColumn column = new(Spectre.Console.Markup.Escape(content.Head[i]));
            column = i == 0 ? column : column.RightAligned();
            table.AddColumn(fits || i == 0 ? column : column.Width(NarrowestWidth(content, i)));
        }

        foreach (IReadOnlyList<string> row in content.Rows)
        {
            table.AddRow(row.Select(c => new Text(c)));
        }

        return table;
    }

    private static int NarrowestWidth((IReadOnlyList<string> Head, IReadOnlyList<IReadOnlyList<string>> Rows) content, int column) =>
        Math.Max(Widest(content, column), content.Head[column].Split(' ').Max(w => w.Length));

    private static int Widest((IReadOnlyList<string> Head, IReadOnlyList<IReadOnlyList<string>> Rows) content, int column) =>
        content.Rows.Select(r => r[column].Length).DefaultIfEmpty().Max();

    // Found out before hours of work, not after.
    private static void RequireFolder(string? path, string option)
    {
        if (path is not null && Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
        {
            throw new InputException($"{option} {path}: there is no folder {folder}");
        }
    }

    private static void Write(string path, string text)
    {
        try
        {
            File.WriteAllText(path, text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: the report cannot be written: {e.Message}", e);
        }
    }
}
