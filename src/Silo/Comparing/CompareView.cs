using KVCluster.Silo.Rendering;
using KVCluster.Silo.Sessions;
using KVCluster.Silo.Terminals;
using KVCluster.Worker;
using Spectre.Console;

namespace KVCluster.Silo.Comparing;

/// <summary>Tells a person what the comparison does, as it goes.</summary>
internal sealed class CompareView(Terminal terminal)
{
    // Wrong answers shown of each row.
    private const int MaxWrong = 4;

    private readonly IAnsiConsole _console = terminal.OutputConsole;

    public void Begin(LocalModel model, CompareSettings settings)
    {
        Line("One long document, one conversation, and less and less of its KV cache.");
        Line("");
        string name = settings.Model.Bundled ? "needle (comes with the program)" : settings.Model.Path;
        long bytes = model.Backend.Pool.Geometry.BytesPerToken;
        Line($"model      {name}: {Amount.Count(model.Files.ParameterCount)} parameters, {Amount.Bytes(bytes)} of cache a token");
    }

    public void DocumentRead(Prefill document, long bytes, int questions)
    {
        Line($"document   {Figures.Read(document)}; its cache takes {Amount.Bytes(bytes)}");
        Line($"questions  {questions}, each put to its own fork of the cache, so that none profits from another");
        Line("");
        Line("With the whole cache:");
    }

    public void Answered(CompareAnswer answer)
    {
        _console.Write(answer.Right ? new Text("  right  ", Color.Green) : new Text("  WRONG  ", Color.Red));
        Line($"{answer.Question}  {CompareTable.OneLine(answer.Text)}");
    }

    public void BeginCuts(CompareSettings settings)
    {
        if (settings.Keeps.Count > 0)
        {
            Line("");
            Line("Now the cache is cut before any question is known, and the same questions are put to what is left:");
            foreach (string policy in settings.Policies.Select(p => p.Policy.Name).Distinct())
            {
                Line($"  {CompareTable.Describe(policy)}");
            }

            Line("A policy's first row pays for its scores; the rows after it only choose and free.");
        }
    }

    public void End(CompareReport report, CompareSettings settings)
    {
        Line("");
        _console.Write(CompareTable.Create(report.Rows));
        CompareRow whole = report.Rows[0];
        if (whole.Right * 2 < whole.Questions)
        {
            Line($"This model knew {whole.Right} of {whole.Questions} answers with its whole cache: that is what the cuts compare with.");
        }

        WriteWrong(report.Rows);
        if (CompareTable.Showcase(report.Rows) is { Compression: { } cut })
        {
            Line("");
            Line($"Tokens kept per layer ({cut.Policy}, {Options.Retention.Percent(cut.Keep)}):");
            foreach (string line in RetentionPicture.Lines(cut.Kept, cut.Tokens))
            {
                Line($"  {line}");
            }
        }

        Line("");
        Line($"{Amount.Seconds(report.Seconds)} in all. {Next(settings)}");
    }

    private static string Next(CompareSettings settings) => settings.Model.Bundled
        ? "Next: the same on a model that knows more than this, kvcluster compare --model FOLDER_OR_GGUF"
        : "Next: talk to it yourself, kvcluster chat --model ... --document FILE --keep 0.25";

    private void WriteWrong(IReadOnlyList<CompareRow> rows)
    {
        foreach (CompareRow row in rows.Where(r => r.Compression is not null && r.Right < r.Questions))
        {
            Line("");
            Line($"Wrong with {row.Compression!.Policy}, {Options.Retention.Percent(row.Keep)} kept:");
            List<CompareAnswer> wrong = [.. row.Answers.Where(a => !a.Right)];
            foreach (CompareAnswer answer in wrong.Take(MaxWrong))
            {
                Line($"  {answer.Question}  {CompareTable.OneLine(answer.Text)}  (not {string.Join(", ", answer.Expected)})");
            }

            if (wrong.Count > MaxWrong)
            {
                Line($"  and {wrong.Count - MaxWrong} more (--json has all answers)");
            }
        }
    }

    private void Line(string text) => terminal.Output.WriteLine(text);
}
