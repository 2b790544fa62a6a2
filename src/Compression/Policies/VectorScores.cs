using System.Buffers;

namespace KVCluster.Compression.Policies;

/// <summary>Scores made of keys and values, a head at a time.</summary>
internal static class VectorScores
{
    /// <summary>One head's scores from its keys and values, [slots, d] each; either is empty where it was not asked for.</summary>
    public delegate void HeadScore(int layer, int head, ReadOnlySpan<float> keys, ReadOnlySpan<float> values, Span<float> scores);

    /// <summary>Fills [layers, kvHeads, slots].</summary>
    public static AttentionScores Make(PolicyInput input, bool keys, bool values, HeadScore score)
    {
        ArgumentNullException.ThrowIfNull(input);
        ISlotVectors vectors = input.RequireVectors();
        CacheShape shape = input.Shape;
        float[][] rows = new float[shape.Layers * shape.KvHeads][];
        for (int i = 0; i < rows.Length; i++)
        {
            int layer = i / shape.KvHeads;
            int head = i % shape.KvHeads;
            int slots = shape.Slots(layer, head);
            rows[i] = new float[slots];
            int length = slots * vectors.HeadSize;
            float[] rented = ArrayPool<float>.Shared.Rent(2 * length);
            Span<float> k = rented.AsSpan(0, keys ? length : 0);
            Span<float> v = rented.AsSpan(length, values ? length : 0);
            if (keys)
            {
                vectors.ReadKeys(layer, head, k);
            }

            if (values)
            {
                vectors.ReadValues(layer, head, v);
            }

            score(layer, head, k, v, rows[i]);
            ArrayPool<float>.Shared.Return(rented);
        }

        return new AttentionScores(shape.Layers, shape.KvHeads, rows);
    }
}
