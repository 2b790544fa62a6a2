using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Policies;

/// <summary>SnapKV's way from the attention of the last queries to scores, which others share.</summary>
internal static class WindowScores
{
    /// <summary>
    /// Attention by query head to scores by KV head: reduced over the group, the window's own slots left out (0), smoothed by an average
    /// pool over neighbouring slots (padded with zeros, always divided by <paramref name="kernel"/>).
    /// </summary>
    public static AttentionScores Of(PolicyInput input, int window, int kernel, GroupReduction group = GroupReduction.Mean)
    {
        ArgumentNullException.ThrowIfNull(input);
        AttentionScores scores = ScoreOperations.GroupToKvHeads(input.RequireAttention(), input.Shape.KvHeads, group);
        DropWindow(scores, input.Shape, window);
        for (int i = 0; i < scores.Layers * scores.Heads; i++)
        {
            int layer = i / scores.Heads;
            int head = i % scores.Heads;
            Pool(scores.Row(layer, head)[..Before(input.Shape, layer, head, window)], kernel);
        }

        return scores;
    }

    /// <summary>Sets the scores of slots at the last <paramref name="window"/> positions to 0.</summary>
    public static void DropWindow(AttentionScores scores, CacheShape shape, int window)
    {
        int group = scores.Heads / shape.KvHeads;
        for (int i = 0; i < scores.Layers * scores.Heads; i++)
        {
            int layer = i / scores.Heads;
            int head = i % scores.Heads;
            scores.Row(layer, head)[Before(shape, layer, head / group, window)..].Clear();
        }
    }

    /// <summary>Average over kernel neighbours, in place; beyond the ends are zeros.</summary>
    public static void Pool(Span<float> row, int kernel)
    {
        if (kernel == 1)
        {
            return;
        }

        float[] original = row.ToArray();
        int reach = kernel / 2;
        for (int i = 0; i < original.Length; i++)
        {
            float sum = 0;
            for (int j = Math.Max(0, i - reach); j <= Math.Min(original.Length - 1, i + reach); j++)
            {
                sum += original[j];
            }

            row[i] = sum / kernel;
        }
    }

    /// <summary>Slots of a head before the last <paramref name="window"/> positions.</summary>
    public static int Before(CacheShape shape, int layer, int head, int window) =>
        shape.SlotsBefore(layer, head, Math.Max(0, shape.LogicalLength - window));
}
