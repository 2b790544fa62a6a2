using System.Numerics.Tensors;

namespace KVCluster.Compression.Scores;

/// <summary>The steps scores are made of: grouping of query heads, value norms, head-mean stabilisation.</summary>
public static class ScoreOperations
{
    /// <summary>
    /// Attention [layers, query heads, slots] to [layers, kvHeads, slots]: query head h reads KV head h / g. Always a copy. Throws
    /// ArgumentException where the heads do not divide evenly or the rows of a group differ in length.
    /// </summary>
    public static AttentionScores GroupToKvHeads(AttentionScores attention, int kvHeads, GroupReduction reduction = GroupReduction.Mean)
    {
        ArgumentNullException.ThrowIfNull(attention);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(kvHeads);
        if (attention.Heads % kvHeads != 0)
        {
            throw new ArgumentException($"{attention.Heads} query heads do not share {kvHeads} KV heads evenly", nameof(attention));
        }

        int group = attention.Heads / kvHeads;
        float[][] rows = new float[attention.Layers * kvHeads][];
        for (int i = 0; i < rows.Length; i++)
        {
            int layer = i / kvHeads;
            int first = i % kvHeads * group;
            float[] row = attention.Row(layer, first).ToArray();
            for (int head = first + 1; head < first + group; head++)
            {
                ReadOnlySpan<float> other = attention.Row(layer, head);
                if (reduction == GroupReduction.Max)
                {
                    TensorPrimitives.Max(row, other, row);
                }
                else
                {
                    TensorPrimitives.Add(row, other, row);
                }
            }

            if (reduction == GroupReduction.Mean && group > 1)
            {
                TensorPrimitives.Divide(row, (float)group, row);
            }

            rows[i] = row;
        }

        return new AttentionScores(attention.Layers, kvHeads, rows);
    }

    /// <summary>scores *= factors, both [layers, kvHeads, slots], in place.</summary>
    public static void Multiply(AttentionScores scores, AttentionScores factors)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(factors);
        for (int layer = 0; layer < scores.Layers; layer++)
        {
            for (int head = 0; head < scores.Heads; head++)
            {
                Span<float> row = scores.Row(layer, head);
                TensorPrimitives.Multiply(row, factors.Row(layer, head), row);
            }
        }
    }

    /// <summary>
    /// KVCompose's stabilisation, in place: to each score of a token the mean over the layer's KV heads of that token's scores is added.
    /// The same token is the same original position: a head that dropped it pays it no attention, hence counts as 0.
    /// </summary>
    public static void AddHeadMean(AttentionScores scores, CacheShape shape)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(shape);
        float[] mean = new float[shape.LogicalLength];
        for (int layer = 0; layer < scores.Layers; layer++)
        {
            if (shape.IsWhole)
            {
                AddAlignedMean(scores, layer, mean);
            }
            else
            {
                AddMeanByPosition(scores, shape, layer, mean);
            }
        }
    }

    /// <summary>
    /// Replaces each score of a token by the mean over the layer's heads of that token's scores, in place. A head that dropped the token
    /// counts as 0.
    /// </summary>
    public static void ReplaceByHeadMean(AttentionScores scores, CacheShape shape)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(shape);
        float[] mean = new float[shape.LogicalLength];
        for (int layer = 0; layer < scores.Layers; layer++)
        {
            MeanByPosition(scores, shape, layer, mean);
            for (int head = 0; head < scores.Heads; head++)
            {
                Span<float> row = scores.Row(layer, head);
                for (int slot = 0; slot < row.Length; slot++)
                {
                    row[slot] = mean[shape.Position(layer, head, slot)];
                }
            }
        }
    }

    /// <summary>Throws <see cref="PolicyException"/> naming the first score that is not a finite number.</summary>
    public static void CheckFinite(AttentionScores scores)
    {
        if (FirstNotFinite(scores) is var (layer, head, slot))
        {
            throw new PolicyException(
                $"the score of layer {layer}, KV head {head}, slot {slot} is {scores.Row(layer, head)[slot]}: nothing can be ranked by it");
        }
    }

    /// <summary>Where the first score is that is not a finite number; null where all are.</summary>
    internal static (int Layer, int Head, int Slot)? FirstNotFinite(AttentionScores scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        for (int layer = 0; layer < scores.Layers; layer++)
        {
            for (int head = 0; head < scores.Heads; head++)
            {
                ReadOnlySpan<float> row = scores.Row(layer, head);
                if (float.IsFinite(TensorPrimitives.SumOfMagnitudes(row)))
                {
                    continue;
                }

                // The sum of finite numbers may overflow: only a number that is itself at fault counts.
                for (int slot = 0; slot < row.Length; slot++)
                {
                    if (!float.IsFinite(row[slot]))
                    {
                        return (layer, head, slot);
                    }
                }
            }
        }

        return null;
    }

    private static void AddAlignedMean(AttentionScores scores, int layer, Span<float> mean)
    {
        scores.Row(layer, 0).CopyTo(mean);
        for (int head = 1; head < scores.Heads; head++)
        {
            TensorPrimitives.Add(mean, scores.Row(layer, head), mean);
        }

        TensorPrimitives.Divide(mean, (float)scores.Heads, mean);
        for (int head = 0; head < scores.Heads; head++)
        {
            Span<float> row = scores.Row(layer, head);
            TensorPrimitives.Add(row, mean, row);
        }
    }

    private static void AddMeanByPosition(AttentionScores scores, CacheShape shape, int layer, Span<float> mean)
    {
        MeanByPosition(scores, shape, layer, mean);
        for (int head = 0; head < scores.Heads; head++)
        {
            Span<float> row = scores.Row(layer, head);
            for (int slot = 0; slot < row.Length; slot++)
            {
                row[slot] += mean[shape.Position(layer, head, slot)];
            }
        }
    }

    private static void MeanByPosition(AttentionScores scores, CacheShape shape, int layer, Span<float> mean)
    {
        mean.Clear();
        for (int head = 0; head < scores.Heads; head++)
        {
            ReadOnlySpan<float> row = scores.Row(layer, head);
            for (int slot = 0; slot < row.Length; slot++)
            {
                mean[shape.Position(layer, head, slot)] += row[slot];
            }
        }

        TensorPrimitives.Divide(mean, (float)scores.Heads, mean);
    }
}
