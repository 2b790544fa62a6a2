using System.Diagnostics;
using KVCluster.Compression;
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

        long start = Stopwatch.GetTimestamp();
        GatheredInput gathered = PolicyInputs.Gather(
            model.Backend, cache, request.Policy.Request, Context(request), progress, cancellationToken);
        double scoring = Seconds(ref start);
        RetentionPlan plan = request.Policy.Plan(gathered.Input, request.Budget);
        RetentionSummary summary = RetentionSummary.Of(plan, gathered.Input.Shape, gathered.Input.Attention);
        double planning = Seconds(ref start);
        cancellationToken.ThrowIfCancellationRequested();

        long bytes = cache.Bytes;
        long free = FreeBytes();
        start = Stopwatch.GetTimestamp();
        PlanApplication.Apply(model.Backend, cache, plan);
        return new CompressionReport
        {
            Policy = request.Policy.Name,
            Ratio = request.Budget.Ratio,
            Summary = summary,
            BytesBefore = bytes,
            BytesAfter = cache.Bytes,
            FreedBytes = FreeBytes() - free,
            LogicalLength = cache.LogicalLength,
            ScoringBytes = gathered.WorkingBytes,
            ScoringSeconds = scoring,
            PlanSeconds = planning,
            ApplySeconds = Seconds(ref start),
        };
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
        Reconstruction = model.PolicyTokens.Reconstruction,
        KindOf = model.PolicyTokens.KindOf,
        Calibration = request.Policy.Request.Calibration ? request.Calibration ?? model.Calibration : null,
        ChunkTokens = request.ReplayChunkTokens,
    };
}
