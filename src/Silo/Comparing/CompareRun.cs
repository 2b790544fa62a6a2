using System.Diagnostics;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Silo.Reports;
using KVCluster.Silo.Sessions;
using KVCluster.Silo.Terminals;
using KVCluster.Silo.Verbs;
using KVCluster.Worker;

namespace KVCluster.Silo.Comparing;

/// <summary>
/// The comparison: a document is read once, then questions are put to its whole cache and to what is left of it at several fractions.
/// </summary>
internal static class CompareRun
{
    // Beside the document itself: questions and answers, and pages that forks fill only in part.
    private const int SpareTokens = 2048;

    public static void Run(Terminal terminal, CompareSettings settings, bool json, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        CompareView? view = json ? null : new CompareView(terminal);

        // Most texts have three or four characters a token: room for the whole cache and the largest cut. Unused room costs nothing.
        int room = settings.Material.Document.Length + SpareTokens;
        (LocalModel model, double loadSeconds) = ModelOpening.Open(terminal, settings.Model, room);
        using LocalModel owned = model;
        _ = CalibrationNeed.Meet(model, settings.Policies.Select(p => p.Policy));
        view?.Begin(model, settings);
        ObservationOptions? observe = ObservationOptions.For(settings.Policies.Select(p => p.Policy.Request));
        using CompareCache cache = new(terminal, model, settings.Material, observe, cancellationToken);
        view?.DocumentRead(cache.Document, cache.Bytes, settings.Material.Questions.Count);

        List<CompareRow> rows = [cache.AskWhole(answer => view?.Answered(answer), cancellationToken)];
        view?.BeginCuts(settings);
        foreach ((string specification, ICompressionPolicy policy) in settings.Policies.Select(p => (p.Specification, p.Policy)))
        {
            SharedScores scores = cache.Score();
            foreach (double keep in settings.Keeps)
            {
                rows.Add(cache.AskCut(scores, specification, policy, keep, cancellationToken));
            }
        }

        CompareReport report = new()
        {
            Model = ModelUse.Of(model, settings.Model, loadSeconds),
            Document = cache.Document,
            Rows = rows,
            Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
        };
        view?.End(report, settings);
        if (json)
        {
            JsonOutput.Write(terminal, report, JsonReports.Default.CompareReport);
        }
    }
}
