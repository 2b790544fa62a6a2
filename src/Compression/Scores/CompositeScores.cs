using System.Numerics.Tensors;

namespace KVCluster.Compression.Scores;

/// <summary>
/// KVCompose's composite tokens (arXiv 2509.05165): composite i of layer l is the tuple of each KV head's i-th best slot, its score c[l,i]
/// the mean of theirs. Rows do not increase, so whatever threshold is set, a layer keeps a prefix of its composites.
/// </summary>
public static class CompositeScores
{
    /// <summary>c[layers][ranks] from scores [layers, kvHeads, slots]; see <see cref="OfSorted"/>.</summary>
    public static float[][] Of(AttentionScores scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        return OfSorted(DescendingSort.Rows(scores));
    }

    /// <summary>
    /// c[layers][ranks] from rows in descending order. Where heads have different lengths, a composite consists of the heads that reach its
    /// rank, its score is their mean, and a score above an earlier one is lowered to it: a rank is not reached but through those before.
    /// </summary>
    internal static float[][] OfSorted(AttentionScores sorted)
    {
        float[][] composites = new float[sorted.Layers][];
        for (int layer = 0; layer < composites.Length; layer++)
        {
            composites[layer] = OfLayer(sorted, layer);
        }

        return composites;
    }

    /// <summary>
    /// The Python reference's rule, in place: c[0,i] becomes the maximum over all layers of c[l,i], because its library reads the cache's
    /// length from layer 0. It takes slots from the other layers; only for comparison with that reference.
    /// </summary>
    public static void RaiseFirstLayer(float[][] composites)
    {
        ArgumentNullException.ThrowIfNull(composites);
        Span<float> first = composites[0];
        foreach (float[] layer in composites)
        {
            int common = Math.Min(first.Length, layer.Length);
            TensorPrimitives.Max(first[..common], layer.AsSpan(0, common), first[..common]);
        }
    }

    private static float[] OfLayer(AttentionScores sorted, int layer)
    {
        int ranks = 0;
        bool even = true;
        for (int head = 0; head < sorted.Heads; head++)
        {
            even &= head == 0 || sorted.Slots(layer, head) == ranks;
            ranks = Math.Max(ranks, sorted.Slots(layer, head));
        }

        float[] sum = new float[ranks];
        for (int head = 0; head < sorted.Heads; head++)
        {
            ReadOnlySpan<float> row = sorted.Row(layer, head);
            TensorPrimitives.Add(sum.AsSpan(0, row.Length), row, sum.AsSpan(0, row.Length));
        }

        if (even)
        {
            TensorPrimitives.Divide(sum, (float)sorted.Heads, sum);
        }
        else
        {
            DivideRagged(sorted, layer, sum);
        }

        return sum;
    }

    private static void DivideRagged(AttentionScores sorted, int layer, Span<float> sum)
    {
        float lowest = float.PositiveInfinity;
        for (int rank = 0; rank < sum.Length; rank++)
        {
            int reach = 0;
            for (int head = 0; head < sorted.Heads; head++)
            {
                reach += rank < sorted.Slots(layer, head) ? 1 : 0;
            }

            lowest = Math.Min(lowest, sum[rank] / reach);
            sum[rank] = lowest;
        }
    }
}
