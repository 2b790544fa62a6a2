using System.Diagnostics;
using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;

namespace KVCluster.Worker;

/// <summary>Scores, plans and compacts one cache.</summary>
internal sealed class Compressor(IInferenceBackend backend, KvCache cache, IReadOnlyList<int> history, ObservationOptions? observe)
{
    private long _scoringBytes;

    public CompressionReport Run(CompressionRequest request, Action<double>? progress, CancellationToken cancellationToken)
    {
        if (cache.LogicalLength == 0)
        {
            throw new InputException("nothing to compress: the conversation has no tokens yet");
        }

        long start = Stopwatch.GetTimestamp();
        PolicyInput input = Gather(request, progress, cancellationToken);
        double scoring = Seconds(ref start);
        RetentionPlan plan = request.Policy.Plan(input, request.Budget);
        RetentionSummary summary = RetentionSummary.Of(plan, input.Shape, input.Attention);
        double planning = Seconds(ref start);
        cancellationToken.ThrowIfCancellationRequested();

        long bytes = cache.Bytes;
        long free = FreeBytes();
        start = Stopwatch.GetTimestamp();
        cache.Compact(plan);
        return new CompressionReport
        {
            Policy = request.Policy.Name,
            Ratio = request.Budget.Ratio,
            Summary = summary,
            BytesBefore = bytes,
            BytesAfter = cache.Bytes,
            FreedBytes = FreeBytes() - free,
            LogicalLength = cache.LogicalLength,
            ScoringBytes = _scoringBytes,
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

    private PolicyInput Gather(CompressionRequest request, Action<double>? progress, CancellationToken cancellationToken)
    {
        ScoreRequest wanted = request.Policy.Request;
        return new PolicyInput(Shape())
        {
            Attention = wanted.Attention is { } attention ? Attention(attention, request, progress, cancellationToken) : null,
            ValueNorms = wanted.ValueNorms ? backend.ValueNorms(cache) : null,
        };
    }

    private CacheShape Shape()
    {
        KvGeometry geometry = cache.Geometry;
        if (cache.IsExact)
        {
            return CacheShape.Whole(geometry.Layers, geometry.KvHeads, cache.LogicalLength);
        }

        var positions = new int[geometry.Heads][];
        for (int i = 0; i < positions.Length; i++)
        {
            positions[i] = new int[cache.Length(i / geometry.KvHeads, i % geometry.KvHeads)];
            cache.FillPositions(i / geometry.KvHeads, i % geometry.KvHeads, positions[i]);
        }

        return new CacheShape(geometry.Layers, geometry.KvHeads, cache.LogicalLength, positions);
    }

    private AttentionScores Attention(
        AttentionRequest wanted, CompressionRequest request, Action<double>? progress, CancellationToken cancellationToken)
    {
        if (wanted.Source == AttentionSource.Observed)
        {
            return Observed(wanted);
        }

        IReadOnlyList<ReadOnlyMemory<int>> prompts = wanted.Source switch
        {
            AttentionSource.Replay => [history.Take(cache.LogicalLength).ToArray()],
            AttentionSource.Task when request.TaskPrompts.Count > 0 => request.TaskPrompts,
            AttentionSource.Task => throw new InputException(
                $"the policy {request.Policy.Name} scores by a task, but no task prompt was given"),
            _ => throw new InputException(
                $"the policy {request.Policy.Name} asks for {wanted.Source} attention, which this worker does not know"),
        };
        if (request.ReplayChunkTokens < 1)
        {
            throw new InputException($"{nameof(request.ReplayChunkTokens)} must be 1 or more, not {request.ReplayChunkTokens}");
        }

        using IScoringPass pass = backend.BeginScoring(new ScoringRequest(cache, prompts, wanted.Aggregation, request.ReplayChunkTokens));
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            progress?.Invoke(pass.Progress);
            _scoringBytes = Math.Max(_scoringBytes, pass.WorkingBytes);
        }
        while (pass.Step());
        progress?.Invoke(1);
        return pass.Result;
    }

    private AttentionScores Observed(AttentionRequest wanted)
    {
        AttentionScores? observed = backend.Observed(cache);
        if (observed is null || observe is null)
        {
            throw new InputException("the policy scores by observed attention, but the conversation was opened without observation");
        }

        // A request that names no window takes what there is.
        bool fits = wanted.Aggregation == observe.Aggregation && (wanted.Window == 0 || wanted.Window == observe.Window);
        return fits
            ? observed
            : throw new InputException(
                $"the policy asks for the {wanted.Aggregation} of observed attention over a window of {wanted.Window} (0: any), "
                + $"but the conversation gathers the {observe.Aggregation} over {observe.Window}");
    }
}
