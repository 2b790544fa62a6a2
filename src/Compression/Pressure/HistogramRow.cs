namespace KVCluster.Compression.Pressure;

/// <summary>One row that goes into a histogram: the composites of a layer, or the slots of one head, best first.</summary>
public readonly record struct HistogramRow
{
    /// <summary>A row.</summary>
    /// <param name="scores">Scores by rank, not increasing.</param>
    /// <param name="entryBytes">Bytes of one entry: of a composite, its slots of all heads.</param>
    /// <param name="floor">The first so many entries stay whatever happens.</param>
    /// <param name="floorMass">
    /// What the floor's entries really score, where <paramref name="scores"/> has them raised to protect them; null: their sum there.
    /// </param>
    public HistogramRow(ReadOnlyMemory<float> scores, long entryBytes, int floor = 0, double? floorMass = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(entryBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(floor);
        Scores = scores;
        EntryBytes = entryBytes;
        Floor = floor;
        FloorMass = floorMass;
    }

    /// <summary>Scores by rank.</summary>
    public ReadOnlyMemory<float> Scores { get; }

    /// <summary>Bytes of one entry.</summary>
    public long EntryBytes { get; }

    /// <summary>Entries that always stay, before rounding to pages.</summary>
    public int Floor { get; }

    /// <summary>What they score, or null.</summary>
    public double? FloorMass { get; }
}
