using System.Diagnostics;
using KVCluster.Compression;
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
        long start = Stopwatch.GetTimestamp();
        GatheredInput gathered = request.Input ?? Gather(request.Policy, progress, cancellationToken);
        PolicyInput input = gathered.Input;
        double scoring = Seconds(ref start);
        RetentionPlan plan = request.Policy.Plan(input, request.Budget);
        RetentionSummary summary = RetentionSummary.Of(plan, input.Shape, input.Attention);
        double planning = Seconds(ref start);
        cancellationToken.ThrowIfCancellationRequested();

        long bytes = cache.Bytes;
        long free = FreeBytes();
        start = Stopwatch.GetTimestamp();
        PlanApplication.Apply(backend, cache, plan);
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

    private void RequireTokens()
    {
        if (cache.LogicalLength == 0)
        {
            throw new InputException("nothing to compress: the conversation has no tokens yet");
        }
    }

    private long FreeBytes() => cache.Pool.Ledger.Snapshot().FreeBytes;
}
