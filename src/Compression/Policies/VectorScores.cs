using System.Buffers;
using System.Runtime.ExceptionServices;

namespace KVCluster.Compression.Policies;

/// <summary>Scores made of keys and values, heads in parallel.</summary>
internal static class VectorScores
{
    /// <summary>One head's scores from its keys and values, [slots, d] each; either is empty where it was not asked for. Any thread calls it.</summary>
    public delegate void HeadScore(int layer, int head, ReadOnlySpan<float> keys, ReadOnlySpan<float> values, Span<float> scores);

    /// <summary>Fills [layers, kvHeads, slots].</summary>
    public static AttentionScores Make(PolicyInput input, bool keys, bool values, HeadScore score)
    {
        ArgumentNullException.ThrowIfNull(input);
        ISlotVectors vectors = input.RequireVectors();
        CacheShape shape = input.Shape;
        float[][] rows = new float[shape.Layers * shape.KvHeads][];
        Lock reading = new();
        try
        {
            Parallel.For(0, rows.Length, i => rows[i] = Row(i / shape.KvHeads, i % shape.KvHeads));
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }

        return new AttentionScores(shape.Layers, shape.KvHeads, rows);

        float[] Row(int layer, int head)
        {
            float[] made = new float[shape.Slots(layer, head)];
            int length = made.Length * vectors.HeadSize;
            float[] rented = ArrayPool<float>.Shared.Rent(2 * length);
            Span<float> k = rented.AsSpan(0, keys ? length : 0);
            Span<float> v = rented.AsSpan(length, values ? length : 0);

            // Who reads is not asked to stand several readers; the scoring is what takes time.
            lock (reading)
            {
                if (keys)
                {
                    vectors.ReadKeys(layer, head, k);
                }

                if (values)
                {
                    vectors.ReadValues(layer, head, v);
                }
            }

            score(layer, head, k, v, made);
            ArrayPool<float>.Shared.Return(rented);
            return made;
        }
    }
}
