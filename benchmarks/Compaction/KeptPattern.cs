namespace KVCluster.Benchmarks.Compaction;

/// <summary>Which rows of a head a compaction keeps.</summary>
internal sealed record KeptPattern(string Name, double Share, int RunLength)
{
    public static IReadOnlyList<KeptPattern> All { get; } =
    [
        new("random 50 %", 0.5, 1),
        new("random 25 %", 0.25, 1),
        new("runs of 64, 50 %", 0.5, 64),
        new("runs of 64, 25 %", 0.25, 64),
    ];

    /// <summary>Kept rows of <paramref name="length"/>, ascending: each run is kept with the pattern's probability.</summary>
    public int[] Kept(Random random, int length)
    {
        var kept = new List<int>((int)(length * Share * 1.1));
        for (int start = 0; start < length; start += RunLength)
        {
            if (random.NextDouble() < Share)
            {
                kept.AddRange(Enumerable.Range(start, Math.Min(RunLength, length - start)));
            }
        }

        return [.. kept];
    }
}
