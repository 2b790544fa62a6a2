using System.Diagnostics;
using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Benchmarks.Serving;

/// <summary>A backend that adds up the time its steps take.</summary>
internal sealed class TimedBackend(IInferenceBackend inner) : IInferenceBackend
{
    /// <summary>Seconds in <see cref="Forward"/> of steps that only decoded, their number, and the rows they had.</summary>
    public (double Seconds, long Steps, long Rows) Decoding { get; private set; }

    /// <summary>The same of all other steps.</summary>
    public (double Seconds, long Steps, long Rows) Mixed { get; private set; }

    public ModelConfig Model => inner.Model;

    public KvPool Pool => inner.Pool;

    public BackendMemory Memory => inner.Memory;

    public int MaxBatchTokens => inner.MaxBatchTokens;

    public KvCache CreateCache(ObservationOptions? observe = null) => inner.CreateCache(observe);

    public void Forward(IReadOnlyList<ForwardRequest> batch)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Forward(batch);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        int rows = batch.Sum(request => request.Tokens.Length);
        if (rows == batch.Count)
        {
            Decoding = (Decoding.Seconds + seconds, Decoding.Steps + 1, Decoding.Rows + rows);
        }
        else
        {
            Mixed = (Mixed.Seconds + seconds, Mixed.Steps + 1, Mixed.Rows + rows);
        }
    }

    public void Reset() => (Decoding, Mixed) = (default, default);

    public IScoringPass BeginScoring(ScoringRequest request) => inner.BeginScoring(request);

    public IHistoryPass BeginHistory(HistoryRequest request) => inner.BeginHistory(request);

    public AttentionScores ProjectedValueNorms(KvCache cache, VectorNorm norm) => inner.ProjectedValueNorms(cache, norm);

    public void WriteSlot(KvCache cache, int layer, int head, int slot, ReadOnlySpan<float> key, ReadOnlySpan<float> value, float bias) =>
        inner.WriteSlot(cache, layer, head, slot, key, value, bias);

    public void ReadBiases(KvCache cache, int layer, int head, Span<float> destination) => inner.ReadBiases(cache, layer, head, destination);

    public void ClosePositions(KvCache cache) => inner.ClosePositions(cache);

    public AttentionScores ValueNorms(KvCache cache) => inner.ValueNorms(cache);

    public AttentionScores? Observed(KvCache cache) => inner.Observed(cache);

    public void ReadKeys(KvCache cache, int layer, int head, int start, int count, Span<float> destination) =>
        inner.ReadKeys(cache, layer, head, start, count, destination);

    public void ReadValues(KvCache cache, int layer, int head, int start, int count, Span<float> destination) =>
        inner.ReadValues(cache, layer, head, start, count, destination);

    public void Dispose()
    {
    }
}
