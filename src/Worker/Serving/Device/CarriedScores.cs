using KVCluster.Compression;

namespace KVCluster.Worker.Serving.Device;

/// <summary>
/// What slots were worth when the session was last scored while idle. It stays true of those slots when others leave, and when tokens come
/// after them: better than what was merely observed, until the session is idle for long enough to be scored again.
/// </summary>
internal static class CarriedScores
{
    /// <summary>The scores of the slots that a plan keeps; slots come in their order.</summary>
    /// <exception cref="ArgumentException">The plan is of another shape.</exception>
    public static AttentionScores Kept(AttentionScores scores, RetentionPlan plan) => Rows(scores, plan.Layers, plan.KvHeads, (layer, head) =>
    {
        ReadOnlySpan<int> kept = plan.Kept(layer, head);
        ReadOnlySpan<float> from = scores.Row(layer, head);
        var row = new float[kept.Length];
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = from[kept[i]];
        }

        return row;
    });

    /// <summary>
    /// The scores with slots that came since counted as worth as much as the best of their head: what was said last is what the next turn
    /// is about. Null where a head has fewer slots than were scored: then they are not of this cache.
    /// </summary>
    public static AttentionScores? Extended(AttentionScores scores, CacheShape shape)
    {
        for (int i = 0; i < shape.Layers * shape.KvHeads; i++)
        {
            if (shape.Slots(i / shape.KvHeads, i % shape.KvHeads) < scores.Slots(i / shape.KvHeads, i % shape.KvHeads))
            {
                return null;
            }
        }

        return Rows(scores, shape.Layers, shape.KvHeads, (layer, head) =>
        {
            ReadOnlySpan<float> known = scores.Row(layer, head);
            var row = new float[shape.Slots(layer, head)];
            known.CopyTo(row);
            row.AsSpan(known.Length).Fill(known.Length == 0 ? 0 : System.Numerics.Tensors.TensorPrimitives.Max(known));
            return row;
        });
    }

    private static AttentionScores Rows(AttentionScores scores, int layers, int heads, Func<int, int, float[]> row)
    {
        if (scores.Layers != layers || scores.Heads != heads)
        {
            throw new ArgumentException($"scores of {scores.Layers} layers x {scores.Heads} heads for {layers} x {heads}", nameof(scores));
        }

        var rows = new float[layers * heads][];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = row(i / heads, i % heads);
        }

        return new AttentionScores(layers, heads, rows);
    }
}
