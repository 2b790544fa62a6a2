using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Torch.Memory;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Passes;

/// <summary>L1 norms behind the output projection of slots that are named.</summary>
internal sealed class NamedSlotNorms(PassParts parts, KvCache cache) : ISlotNorms
{
    /// <summary>Slots projected at a time: [slots, hidden] floats.</summary>
    private const int PieceSlots = 2048;

    /// <summary>Of a Gram matrix's diagonal: covers rounding, so that bounds stay bounds.</summary>
    private const float Ridge = 1e-5f;

    private readonly ModelConfig _config = parts.Model.Config;
    private readonly int _logicalLength = cache.LogicalLength;

    /// <inheritdoc/>
    public long Bytes => 0;

    /// <summary>What 16-bit products may add to a norm.</summary>
    private float Slack => parts.Model.Type == ScalarType.Float32 ? 1 + Ridge : 1.02f;

    /// <summary>
    /// Of a KV head, by Cauchy and Schwarz, the root of v'Gv, G = sum of c w w' / |w| over the rows w of W_o of all its query heads, with c
    /// the sum of |w|, over the group squared.
    /// </summary>
    public AttentionScores UpperBounds() => Guarded(() =>
    {
        var bounds = new float[_config.Layers * _config.KvHeads][];
        for (int i = 0; i < bounds.Length; i++)
        {
            using DisposeScope scope = NewDisposeScope();
            (int layer, int head) = (i / _config.KvHeads, i % _config.KvHeads);
            bounds[i] = new float[cache.Length(layer, head)];
            if (bounds[i].Length > 0)
            {
                Tensor values = Values(layer, head, [.. Enumerable.Range(0, bounds[i].Length)], ScalarType.Float32);
                values.mm(Form(layer, head)).mul_(values).sum(1).clamp_min_(0f).sqrt_().mul_(Slack).CopyTo(bounds[i]);
            }
        }

        return new AttentionScores(_config.Layers, _config.KvHeads, bounds);
    });

    /// <inheritdoc/>
    public void Read(int layer, int kvHead, ReadOnlySpan<int> slots, Span<float> norms)
    {
        int[] named = slots.ToArray();
        Guarded(() =>
        {
            var read = new float[named.Length];
            for (int first = 0; first < read.Length; first += PieceSlots)
            {
                using DisposeScope scope = NewDisposeScope();
                int[] piece = named[first..Math.Min(read.Length, first + PieceSlots)];
                Tensor values = Values(layer, kvHead, piece, parts.Model.Type);
                Tensor sum = zeros([piece.Length], ScalarType.Float32, parts.Device);
                for (int g = 0; g < _config.GroupSize; g++)
                {
                    int column = ((kvHead * _config.GroupSize) + g) * _config.HeadSize;
                    Tensor weights = parts.Model.Layers[layer].AttentionOutput.narrow(1, column, _config.HeadSize).t();
                    sum.add_(values.mm(weights).to(ScalarType.Float32).norm(1, false, 1f));
                }

                sum.div_(_config.GroupSize).CopyTo(read.AsSpan(first, piece.Length));
            }

            return read;
        }).CopyTo(norms);
    }

    private Tensor Form(int layer, int head)
    {
        int width = _config.GroupSize * _config.HeadSize;
        Tensor rows = parts.Model.Layers[layer].AttentionOutput.narrow(1, (long)head * width, width)
            .to(ScalarType.Float32).reshape(-1, _config.HeadSize);
        Tensor lengths = rows.norm(1, true);
        Tensor scaled = rows.div(lengths.sqrt().clamp_min_(1e-20f));
        Tensor form = scaled.t().mm(scaled).mul_(lengths.sum().div_(_config.GroupSize * _config.GroupSize));
        return form.add_(eye(_config.HeadSize, dtype: ScalarType.Float32, device: parts.Device).mul_(form.diagonal().max().mul_(Ridge)));
    }

    /// <summary>A head's values of some slots, [slots, d].</summary>
    private Tensor Values(int layer, int head, int[] slots, ScalarType type)
    {
        ReadOnlySpan<int> pages = cache.ValuePages(layer, head);
        int pageTokens = parts.Store.Geometry.PageTokens;
        var rows = new long[slots.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = ((long)pages[slots[i] / pageTokens] * pageTokens) + (slots[i] % pageTokens);
        }

        return parts.Store.ReadRows(Tensors.FromLongs(rows, parts.Device), type);
    }

    private T Guarded<T>(Func<T> work)
    {
        if (cache.LogicalLength != _logicalLength)
        {
            throw new InvalidOperationException("the cache changed before its norms were read");
        }

        try
        {
            return work();
        }
        catch (Exception e) when (DeviceMemory.IsExhausted(e))
        {
            throw new ArenaFullException(1, cache.Pool.Ledger.Snapshot());
        }
    }
}
