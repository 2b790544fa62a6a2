namespace KVCluster.Inference.Kv;

/// <summary>How heads are compacted in host memory: on one thread or on all, and whether past the caches.</summary>
internal static class CompactionWork
{
    /// <summary>Below this many bytes of kept rows the start of worker threads costs more than it saves.</summary>
    private const long ParallelBytes = 1 << 20;

    /// <summary>From this many bytes of kept rows on, compaction is far larger than the processor's caches.</summary>
    private const long LargeBytes = 1 << 24;

    /// <summary>Moves one half of a head: keys, or values with what belongs to the head once.</summary>
    /// <param name="head">The head.</param>
    /// <param name="values">Values; else keys.</param>
    /// <param name="large">See <see cref="PageCompactor.MoveRows"/>.</param>
    public delegate void Half(in HeadCompaction head, bool values, bool large);

    /// <summary>Calls <paramref name="half"/> for keys and values of each head: two halves, so that one head keeps two threads busy.</summary>
    public static void Run(IReadOnlyList<HeadCompaction> heads, int rowBytes, Half half)
    {
        long bytes = 0;
        for (int i = 0; i < heads.Count; i++)
        {
            bytes += 2L * heads[i].Kept.Length * rowBytes;
        }

        bool large = bytes >= LargeBytes;
        if (bytes < ParallelBytes)
        {
            for (int i = 0; i < 2 * heads.Count; i++)
            {
                half(heads[i >> 1], (i & 1) != 0, large);
            }
        }
        else
        {
            Parallel.For(0, 2 * heads.Count, i => half(heads[i >> 1], (i & 1) != 0, large));
        }
    }
}
