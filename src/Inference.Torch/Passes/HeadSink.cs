using KVCluster.Compression;
using KVCluster.Inference.Torch.Attention;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Passes;

/// <summary>Attention received by each slot, by query head, over all queries it is shown: [Hkv, g, slots], largest or sum.</summary>
internal sealed class HeadSink(QueryAggregation aggregation) : IAttentionSink, IDisposable
{
    private Tensor? _gathered;

    /// <inheritdoc/>
    public int From { get; set; }

    /// <summary>What each query of the chunk counts, [T]; null: 1.</summary>
    public Tensor? Weights { get; set; }

    /// <summary>Slots of the longest head; what a query sees behind them is not gathered.</summary>
    public int Slots { get; set; }

    public long Bytes => _gathered?.BytesOf() ?? 0;

    /// <inheritdoc/>
    public void Add(Tensor probabilities, long first)
    {
        Tensor rows = probabilities.narrow(3, 0, Slots);
        if (Weights is not null)
        {
            rows = rows.mul(Weights.narrow(0, first, rows.shape[1]).view(1, -1, 1, 1));
        }

        Tensor joined = aggregation == QueryAggregation.Max ? rows.amax([1L]) : rows.sum(1);
        if (_gathered is { } before)
        {
            joined = aggregation == QueryAggregation.Max ? joined.maximum(before) : joined.add_(before);
            before.Dispose();
        }

        _gathered = joined.Keep();
    }

    /// <summary>Begins anew.</summary>
    public void Reset()
    {
        _gathered?.Dispose();
        _gathered = null;
    }

    /// <summary>A query head's slots out of what <see cref="ToHost"/> gave.</summary>
    public void Read(float[]? all, int queryHead, Span<float> destination)
    {
        destination.Clear();
        all?.AsSpan(queryHead * Slots, destination.Length).CopyTo(destination);
    }

    /// <summary>Everything on the host, for <see cref="Read"/>; null where nothing was gathered.</summary>
    public float[]? ToHost() => _gathered?.ToFloats();

    public void Dispose() => Reset();
}
