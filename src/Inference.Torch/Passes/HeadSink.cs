using KVCluster.Compression;
using KVCluster.Inference.Torch.Attention;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace KVCluster.Inference.Torch.Passes;

/// <summary>Attention received by each slot, by query head, over all queries it is shown: [Hkv, g, slots], largest or sum.</summary>
internal sealed class HeadSink(QueryAggregation aggregation) : IAttentionSink, IDisposable
{
    private Tensor? _gathered;
    private Tensor? _sums;

    /// <inheritdoc/>
    public int From { get; set; }

    /// <summary>What each query of the chunk counts, [T]; null: 1.</summary>
    public Tensor? Weights { get; set; }

    /// <summary>Slots of the longest head; what a query sees behind them is not gathered.</summary>
    public int Slots { get; set; }

    /// <summary>Whether the sum of the rows as they are is gathered too.</summary>
    public bool WithSums { get; init; }

    /// <summary>Rows are averaged over so many neighbouring slots, an odd number, and scaled to the sum they had; 1: taken as they are.</summary>
    public int SmoothingKernel { get; init; } = 1;

    /// <summary>Where rows are smoothed, which slots count, [Hkv, 1, 1, slots]: 1 or 0.</summary>
    public Tensor? Smoothed { get; set; }

    public long Bytes => (_gathered?.BytesOf() ?? 0) + (_sums?.BytesOf() ?? 0);

    /// <inheritdoc/>
    public void Add(Tensor probabilities, long first)
    {
        Tensor rows = probabilities.narrow(3, 0, Slots);
        if (Weights is not null)
        {
            rows = rows.mul(Weights.narrow(0, first, rows.shape[1]).view(1, -1, 1, 1));
        }

        if (WithSums)
        {
            Join(ref _sums, rows, QueryAggregation.Mean);
        }

        Join(ref _gathered, SmoothingKernel > 1 ? Smooth(rows) : rows, aggregation);
    }

    /// <summary>Begins anew.</summary>
    public void Reset()
    {
        _gathered?.Dispose();
        _gathered = null;
        _sums?.Dispose();
        _sums = null;
    }

    /// <summary>A query head's slots out of what <see cref="ToHost"/> gave.</summary>
    public void Read(float[]? all, int queryHead, Span<float> destination)
    {
        destination.Clear();
        all?.AsSpan(queryHead * Slots, destination.Length).CopyTo(destination);
    }

    /// <summary>Everything on the host, for <see cref="Read"/>; null where nothing was gathered.</summary>
    public float[]? ToHost() => _gathered?.ToFloats();

    /// <summary>The sums on the host, for <see cref="Read"/>; null where none were gathered.</summary>
    public float[]? SumsToHost() => _sums?.ToFloats();

    public void Dispose() => Reset();

    private static void Join(ref Tensor? gathered, Tensor rows, QueryAggregation aggregation)
    {
        Tensor joined = aggregation == QueryAggregation.Max ? rows.amax([1L]) : rows.sum(1);
        if (gathered is { } before)
        {
            joined = aggregation == QueryAggregation.Max ? joined.maximum(before) : joined.add_(before);
            before.Dispose();
        }

        gathered = joined.Keep();
    }

    /// <summary>Each row [lanes, T, g, slots] averaged over neighbours, what does not count left out, at the sum it had.</summary>
    private Tensor Smooth(Tensor rows)
    {
        Tensor counted = rows.mul(Smoothed!);
        Tensor averages = F.avg_pool1d(counted.reshape(-1, 1, Slots), SmoothingKernel, 1, SmoothingKernel / 2).view(counted.shape).mul_(Smoothed!);
        Tensor scale = counted.sum(-1, keepdim: true).div_(averages.sum(-1, keepdim: true).clamp_min_(1e-30f));
        return averages.mul_(scale);
    }
}
