namespace KVCluster.Compression.Scores;

/// <summary>
/// Finds the score of a rank without sorting: three counting passes over the floats' order-preserving bit patterns, each of which narrows the
/// range by 11 bits. Negative zero counts as zero; NaN must not occur.
/// </summary>
internal static class RankSelection
{
    private const int Buckets = 1 << 11;

    /// <summary>The score of the <paramref name="count"/>-th largest, 1 to all, and how many scores are larger than it.</summary>
    public static (float Lowest, int Above) At(ReadOnlySpan<float> scores, int count)
    {
        Span<int> counts = stackalloc int[Buckets];
        uint prefix = 0;
        uint mask = 0;
        int left = count;
        foreach ((int shift, int bits) in (ReadOnlySpan<(int, int)>)[(21, 11), (10, 11), (0, 10)])
        {
            counts.Clear();
            uint digits = (1u << bits) - 1;
            foreach (float score in scores)
            {
                uint key = DescendingSort.ToKey(score);
                if ((key & mask) == prefix)
                {
                    counts[(int)((key >> shift) & digits)]++;
                }
            }

            int bucket = 0;
            while (left > counts[bucket])
            {
                left -= counts[bucket++];
            }

            prefix |= (uint)bucket << shift;
            mask |= digits << shift;
        }

        return (DescendingSort.FromKey(prefix), count - left);
    }
}
