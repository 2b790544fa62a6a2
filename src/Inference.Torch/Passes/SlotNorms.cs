using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Kv;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Passes;

/// <summary>Norms of cached values, plain and behind the output projection.</summary>
internal sealed class SlotNorms(PassParts parts, KvCache cache)
{
    /// <summary>Slots projected at a time: [slots, hidden] floats.</summary>
    private const int PieceSlots = 2048;

    /// <summary>||v||, rows = KV heads.</summary>
    public AttentionScores Plain()
    {
        var config = parts.Model.Config;
        var norms = new float[config.Layers * config.KvHeads][];
        for (int i = 0; i < norms.Length; i++)
        {
            using DisposeScope scope = NewDisposeScope();
            norms[i] = new float[cache.Length(i / config.KvHeads, i % config.KvHeads)];
            if (norms[i].Length > 0)
            {
                Values(i / config.KvHeads, i % config.KvHeads, ScalarType.Float32).norm(1).CopyTo(norms[i]);
            }
        }

        return new AttentionScores(config.Layers, config.KvHeads, norms);
    }

    /// <summary>||W_o,h v||, rows = query heads.</summary>
    public AttentionScores Projected(VectorNorm norm)
    {
        var config = parts.Model.Config;
        var norms = new float[config.Layers * config.QueryHeads][];
        for (int layer = 0; layer < config.Layers; layer++)
        {
            for (int head = 0; head < config.KvHeads; head++)
            {
                using DisposeScope scope = NewDisposeScope();
                Tensor values = Values(layer, head, parts.Model.Type);
                for (int g = 0; g < config.GroupSize; g++)
                {
                    int query = (head * config.GroupSize) + g;
                    norms[(layer * config.QueryHeads) + query] = Project(values, layer, query, norm);
                }
            }
        }

        return new AttentionScores(config.Layers, config.QueryHeads, norms);
    }

    private float[] Project(Tensor values, int layer, int query, VectorNorm norm)
    {
        int size = parts.Model.Config.HeadSize;
        var norms = new float[values.shape[0]];
        Tensor weights = parts.Model.Layers[layer].AttentionOutput.narrow(1, (long)query * size, size).t();
        for (int first = 0; first < norms.Length; first += PieceSlots)
        {
            using DisposeScope scope = NewDisposeScope();
            int count = Math.Min(PieceSlots, norms.Length - first);
            Tensor projected = values.narrow(0, first, count).mm(weights).to(ScalarType.Float32);
            projected.norm(1, false, norm == VectorNorm.L2 ? 2f : 1f).CopyTo(norms.AsSpan(first, count));
        }

        return norms;
    }

    /// <summary>A head's values [slots, d].</summary>
    private Tensor Values(int layer, int head, ScalarType type)
    {
        int length = cache.Length(layer, head);
        if (length == 0)
        {
            return zeros([0, parts.Model.Config.HeadSize], type, parts.Device);
        }

        ReadOnlySpan<int> pages = cache.ValuePages(layer, head)[..parts.Store.Geometry.PagesForRows(length)];
        return parts.Store.ReadPages(Tensors.FromInts(pages, parts.Device).unsqueeze(0), type)[0].narrow(0, 0, length);
    }
}
