namespace KVCluster.Storage.Snapshots;

/// <summary>
/// Decides which segments of a group an append leaves as they are and where new ones end. Short segments at the end are joined with what
/// comes once that is as long as they are, so that a row is written about log2 of a full segment times at most, and few short ones are left.
/// </summary>
internal static class SegmentPlan
{
    /// <summary>Segments kept, and the ends of those to write after them.</summary>
    public readonly record struct Extension(int Kept, IReadOnlyList<int[]> Ends);

    /// <summary>Plans for heads of these lengths, where segments with these ends hold rows that are still right.</summary>
    public static Extension Extend(IReadOnlyList<int[]> present, ReadOnlySpan<int> lengths, int segmentTokens)
    {
        int kept = present.Count;
        if (Longest(End(present, kept, lengths.Length), lengths) == 0)
        {
            return new Extension(kept, []);
        }

        while (kept > 0)
        {
            int[] start = End(present, kept - 1, lengths.Length);
            int[] end = present[kept - 1];
            int size = Longest(start, end);
            if (size >= segmentTokens || size > Longest(end, lengths))
            {
                break;
            }

            kept--;
        }

        return new Extension(kept, Cut(End(present, kept, lengths.Length), lengths, segmentTokens));
    }

    private static int[] End(IReadOnlyList<int[]> present, int count, int heads) => count == 0 ? new int[heads] : present[count - 1];

    private static int Longest(ReadOnlySpan<int> starts, ReadOnlySpan<int> ends)
    {
        int longest = 0;
        for (int i = 0; i < starts.Length; i++)
        {
            longest = Math.Max(longest, ends[i] - starts[i]);
        }

        return longest;
    }

    private static List<int[]> Cut(int[] starts, ReadOnlySpan<int> lengths, int segmentTokens)
    {
        var cuts = new List<int[]>();
        while (Longest(starts, lengths) > 0)
        {
            var ends = new int[starts.Length];
            for (int i = 0; i < ends.Length; i++)
            {
                ends[i] = (int)Math.Min(lengths[i], (long)starts[i] + segmentTokens);
            }

            cuts.Add(ends);
            starts = ends;
        }

        return cuts;
    }
}
