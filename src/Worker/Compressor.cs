using System.Diagnostics;
using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;

namespace KVCluster.Worker;

/// <summary>Scores, plans and compacts one cache.</summary>
internal sealed class Compressor(IInferenceBackend backend, KvCache cache, PolicyContext context)
{
    public GatheredInput Gather(ICompressionPolicy policy, Action<double>? progress, CancellationToken cancellationToken)
    {
        RequireTokens();
        ScoreRequest wanted = policy.Request;
        if (wanted.Calibration && context.Calibration is null)
        {
            throw new InputException($"the policy {policy.Name} needs a calibration of this model, and none was given");
        }

        return PolicyInputs.Gather(backend, cache, wanted, context, progress, cancellationToken);
    }

    public CompressionReport Run(CompressionRequest request, Action<double>? progress, CancellationToken cancellationToken)
    {
        RequireTokens();
        long bytes = cache.Bytes;
        long free = FreeBytes();
        int stages = request.Input is null ? (request.Policy as IStagedPolicy)?.Stages ?? 1 : 1;
        Stage whole = new(null, 0, 0, 0, 0, 0);
        foreach (RetentionBudget budget in StageBudgets.Of(request.Budget, CacheShapes.Of(cache), stages))
        {
            whole = whole.Then(RunStage(request, budget, progress, cancellationToken));
        }

        return new CompressionReport
        {
            Policy = request.Policy.Name,
            Ratio = request.Budget.Ratio,
            Summary = whole.Summary!,
            DroppedMass = whole.DroppedMass,
            BytesBefore = bytes,
            BytesAfter = cache.Bytes,
            FreedBytes = FreeBytes() - free,
            LogicalLength = cache.LogicalLength,
            ScoringBytes = whole.ScoringBytes,
            ScoringSeconds = whole.ScoringSeconds,
            PlanSeconds = whole.PlanSeconds,
            ApplySeconds = whole.ApplySeconds,
        };
    }

    /// <summary>Until a stage's plan is applied the cache is as the stage before left it.</summary>
    private Stage RunStage(
        CompressionRequest request, RetentionBudget budget, Action<double>? progress, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        GatheredInput gathered = request.Input is null ? Gather(request.Policy, progress, cancellationToken) : Checked(request.Input);
        double scoring = Seconds(ref start);
        RetentionPlan plan = request.Policy.Plan(gathered.Input, budget);
        RetentionSummary summary = RetentionSummary.Of(plan, gathered.Input.Shape, gathered.Input.Attention);
        double planning = Seconds(ref start);
        cancellationToken.ThrowIfCancellationRequested();
        start = Stopwatch.GetTimestamp();
        PlanApplication.Apply(backend, cache, plan);
        return new Stage(summary, summary.DroppedMass, gathered.WorkingBytes, scoring, planning, Seconds(ref start));
    }

    private static double Seconds(ref long start)
    {
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        start = Stopwatch.GetTimestamp();
        return seconds;
    }

    /// <summary>Scores of another cache would keep slots at random.</summary>
    private GatheredInput Checked(GatheredInput given)
    {
        CacheShape scored = given.Input.Shape;
        CacheShape present = CacheShapes.Of(cache);
        return scored.TotalSlots == present.TotalSlots && scored.LogicalLength == present.LogicalLength
            ? given
            : throw new ArgumentException("the scores were made for another cache", nameof(given));
    }

    private void RequireTokens()
    {
        if (cache.LogicalLength == 0)
        {
            throw new InputException("nothing to compress: the conversation has no tokens yet");
        }
    }

    private long FreeBytes() => cache.Pool.Ledger.Snapshot().FreeBytes;

    /// <summary>One stage's summary and costs. The last summary stands for the whole, costs add up, what each stage leaves multiplies.</summary>
    private sealed record Stage(
        RetentionSummary? Summary, double? DroppedMass, long ScoringBytes, double ScoringSeconds, double PlanSeconds, double ApplySeconds)
    {
        public Stage Then(Stage next) => new(
            next.Summary,
            1 - ((1 - DroppedMass) * (1 - next.DroppedMass)),
            Math.Max(ScoringBytes, next.ScoringBytes),
            ScoringSeconds + next.ScoringSeconds,
            PlanSeconds + next.PlanSeconds,
            ApplySeconds + next.ApplySeconds);
    }
}
