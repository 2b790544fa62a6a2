using System.Diagnostics;
using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;

namespace KVCluster.Worker;

/// <summary>Scores, plans and compacts one cache.</summary>
internal sealed class Compressor(LocalModel model, KvCache cache, ReadOnlyMemory<int> history, ObservationOptions? observe)
{
    public CompressionReport Run(CompressionRequest request, Action<double>? progress, CancellationToken cancellationToken)
    {
        if (cache.LogicalLength == 0)
        {
            throw new InputException("nothing to compress: the conversation has no tokens yet");
        }

        long bytes = cache.Bytes;
        long free = FreeBytes();
        CacheShape before = CacheShapes.Of(cache);
        RetentionBudget[] budgets = StageBudgets.Of(request.Budget, before, (request.Policy as IStagedPolicy)?.Stages ?? 1);
        Stage whole = default;
        foreach (RetentionBudget budget in budgets)
        {
            whole = whole.Then(RunStage(request, budget, progress, cancellationToken));
        }

        return new CompressionReport
        {
            Policy = request.Policy.Name,
            Ratio = request.Budget.Ratio,
            Summary = whole.Summary!,
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
        GatheredInput gathered = PolicyInputs.Gather(
            model.Backend, cache, request.Policy.Request, Context(request), progress, cancellationToken);
        double scoring = Seconds(ref start);
        RetentionPlan plan = request.Policy.Plan(gathered.Input, budget);
        RetentionSummary summary = RetentionSummary.Of(plan, gathered.Input.Shape, gathered.Input.Attention);
        double planning = Seconds(ref start);
        cancellationToken.ThrowIfCancellationRequested();
        PlanApplication.Apply(model.Backend, cache, plan);
        return new Stage(summary, gathered.WorkingBytes, scoring, planning, Seconds(ref start));
    }

    private static double Seconds(ref long start)
    {
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        start = Stopwatch.GetTimestamp();
        return seconds;
    }

    private long FreeBytes() => cache.Pool.Ledger.Snapshot().FreeBytes;

    private PolicyContext Context(CompressionRequest request) => new(history)
    {
        TaskPrompts = request.TaskPrompts,
        Observation = observe,
        Reconstruction = model.PolicyTokens.ReconstructionOf(history.Span),
        KindOf = model.PolicyTokens.KindOf,
        Calibration = request.Calibration,
        ChunkTokens = request.ReplayChunkTokens,
    };

    /// <summary>One stage's summary and costs; the last summary stands for the whole, costs add up.</summary>
    private readonly record struct Stage(
        RetentionSummary? Summary, long ScoringBytes, double ScoringSeconds, double PlanSeconds, double ApplySeconds)
    {
        public Stage Then(Stage next) => new(
            next.Summary,
            Math.Max(ScoringBytes, next.ScoringBytes),
            ScoringSeconds + next.ScoringSeconds,
            PlanSeconds + next.PlanSeconds,
            ApplySeconds + next.ApplySeconds);
    }
}
