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

        (float lowest, int equal) = Border(scores, count);
        return Take(scores, count, lowest, equal);
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

    /// <summary>
    /// The same where some slots come before all others, whatever their scores: the first <paramref name="sinks"/>, then the last
    /// <paramref name="recents"/>, the very last first.
    /// </summary>
    /// <param name="middle">Scores of the slots between.</param>
    /// <param name="sinks">Slots before them.</param>
    /// <param name="recents">Slots after them.</param>
    /// <param name="count">Slots to choose, of all.</param>
    /// <param name="border">Of the slots between, the least score chosen and how many of that, where they are known; null: they are looked for.</param>
    internal static int[] Best(ReadOnlySpan<float> middle, int sinks, int recents, int count, (float Lowest, int Equal)? border = null)
    {
        int length = sinks + middle.Length + recents;
        count = Math.Min(count, length);
        int first = Math.Min(sinks, count);
        int last = Math.Min(recents, count - first);
        int between = count - first - last;
        int[] slots = GC.AllocateUninitializedArray<int>(count);
        Follow(slots.AsSpan(0, first), 0);
        Follow(slots.AsSpan(count - last), length - last);
        if (between > 0)
        {
            (float lowest, int equal) = border ?? Border(middle, between);
            SlotMask.Take(middle, lowest, equal, sinks, slots.AsSpan(first, between));
        }

        return slots;
    }

    private static (float Lowest, int Equal) Border(ReadOnlySpan<float> scores, int count)
    {
        (float lowest, int above) = RankSelection.At(scores, count);
        return (lowest, count - above);
    }

    private static void Follow(Span<int> slots, int first)
    {
        for (int i = 0; i < slots.Length; i++)
        {
            slots[i] = first + i;
        }
    }

    private static int[] Take(ReadOnlySpan<float> scores, int count, float lowest, int equal)
    {
        int[] slots = GC.AllocateUninitializedArray<int>(count);
        SlotMask.Take(scores, lowest, equal, 0, slots);
        return slots;
    }
}
