namespace KVCluster.Compression.Scores;

/// <summary>The slots of one head with the best scores, in ascending order: what plans are made of.</summary>
public static class SlotSelection
{
    /// <summary>
    /// The <paramref name="count"/> slots with the largest scores, ascending; of equal scores the earlier slot wins. Counts beyond the head
    /// keep it whole. NaN must not occur.
    /// </summary>
    public static int[] Best(ReadOnlySpan<float> scores, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        count = Math.Min(count, scores.Length);
        if (count == 0)
        {
            return [];
        }

        (float lowest, int above) = RankSelection.At(scores, count);
        return Take(scores, count, lowest, count - above);
    }

    /// <summary>The same where the scores are at hand in descending order too.</summary>
    internal static int[] Best(ReadOnlySpan<float> scores, ReadOnlySpan<float> sorted, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        count = Math.Min(count, scores.Length);
        if (count == 0)
        {
            return [];
        }

        float lowest = sorted[count - 1];
        int equal = 1;
        while (equal < count && sorted[count - 1 - equal] == lowest)
        {
            equal++;
        }

        return Take(scores, count, lowest, equal);
    }

    /// <summary>All scores above the lowest, and the first so many that equal it.</summary>
    private static int[] Take(ReadOnlySpan<float> scores, int count, float lowest, int equal)
    {
        int[] slots = new int[count];
        int kept = 0;
        for (int slot = 0; slot < scores.Length && kept < count; slot++)
        {
            if (scores[slot] > lowest || (scores[slot] == lowest && equal-- > 0))
            {
                slots[kept++] = slot;
            }
        }

        return slots;
    }
}
