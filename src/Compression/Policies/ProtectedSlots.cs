namespace KVCluster.Compression.Policies;

/// <summary>Slots that stay whatever their scores: sinks (the first positions) and recents (the last ones).</summary>
internal static class ProtectedSlots
{
    /// <summary>
    /// Raises the scores of protected slots above all others, in place: sinks to infinity, recents to the largest floats, the newest
    /// highest, so that a budget too small for all of them drops the oldest recents first. Returns how many each head has, layer-major.
    /// </summary>
    public static int[] Raise(AttentionScores scores, CacheShape shape, int keepFirst, int keepLast)
    {
        int[] counts = new int[shape.Layers * shape.KvHeads];
        for (int i = 0; i < counts.Length; i++)
        {
            int layer = i / shape.KvHeads;
            int head = i % shape.KvHeads;
            Span<float> row = scores.Row(layer, head);
            int sinks = shape.SlotsBefore(layer, head, keepFirst);
            int recents = Math.Max(sinks, shape.SlotsBefore(layer, head, Math.Max(0, shape.LogicalLength - keepLast)));
            row[..sinks].Fill(float.PositiveInfinity);
            float rank = float.MaxValue;
            for (int slot = row.Length - 1; slot >= recents; slot--)
            {
                row[slot] = rank;
                rank = MathF.BitDecrement(rank);
            }

            counts[i] = sinks + row.Length - recents;
        }

        return counts;
    }
}
