using System.Numerics.Tensors;
using KVCluster.Compression;
using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Backend;

/// <summary>
/// RazorAttention's compensation token (arXiv 2407.15891): the mean of the dropped keys and values with the weight of all of them. A slot
/// that stands for n tokens already (its bias is log n) counts n times.
/// </summary>
internal static class SlotMerge
{
    /// <summary>The merged slot of one head: its carrier and all slots the plan drops.</summary>
    public static MergedSlot Of(IInferenceBackend backend, KvCache cache, RetentionPlan plan, int layer, int head)
    {
        int size = backend.Model.HeadSize;
        int slots = cache.Length(layer, head);
        var rows = new float[slots * size];
        var biases = new float[slots];
        backend.ReadBiases(cache, layer, head, biases);
        int carrier = plan.Carrier(layer, head);
        ReadOnlySpan<int> kept = plan.Kept(layer, head);
        var weights = new float[slots];
        TensorPrimitives.Exp(biases, weights);
        foreach (int slot in kept)
        {
            weights[slot] = slot == carrier ? weights[slot] : 0;
        }

        float total = TensorPrimitives.Sum<float>(weights);
        backend.ReadKeys(cache, layer, head, 0, slots, rows);
        float[] key = Mean(rows, weights, total, size);
        backend.ReadValues(cache, layer, head, 0, slots, rows);
        return new MergedSlot(layer, head, kept.IndexOf(carrier), key, Mean(rows, weights, total, size), MathF.Log(total));
    }

    private static float[] Mean(ReadOnlySpan<float> rows, ReadOnlySpan<float> weights, float total, int size)
    {
        var mean = new float[size];
        for (int slot = 0; slot < weights.Length; slot++)
        {
            if (weights[slot] > 0)
            {
                TensorPrimitives.MultiplyAdd(rows.Slice(slot * size, size), weights[slot] / total, mean, mean);
            }
        }

        return mean;
    }
}
