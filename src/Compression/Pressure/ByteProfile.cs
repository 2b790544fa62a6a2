namespace KVCluster.Compression.Pressure;

/// <summary>
/// What a cache (or all caches of a node) would hold at every threshold: bytes that stay whatever happens, and bytes beyond them by score
/// bin. A few hundred bytes, whatever the number of tokens or sessions behind it.
/// </summary>
public sealed class ByteProfile
{
    // [bins + 1]: bytes in bins from FirstBin + k on.
    private readonly long[] _above;

    internal ByteProfile(int firstBin, long[] above, long floorBytes)
    {
        FirstBin = firstBin;
        _above = above;
        FloorBytes = floorBytes;
    }

    /// <summary>Nothing at all.</summary>
    public static ByteProfile Empty { get; } = new(0, [0], 0);

    /// <summary>The first bin that holds bytes.</summary>
    public int FirstBin { get; }

    /// <summary>Bins from the first to the last that holds bytes.</summary>
    public int Bins => _above.Length - 1;

    /// <summary>Bytes no threshold drops.</summary>
    public long FloorBytes { get; }

    /// <summary>Bytes a threshold may drop.</summary>
    public long Droppable => _above[0];

    /// <summary>All bytes.</summary>
    public long TotalBytes => FloorBytes + Droppable;

    /// <summary>Bytes of one bin.</summary>
    public long InBin(int bin)
    {
        int index = bin - FirstBin;
        return index < 0 || index >= Bins ? 0 : _above[index] - _above[index + 1];
    }

    /// <summary>
    /// Bytes beyond the floors that stay at a threshold's position (<see cref="ScoreBins"/>): all of the bins above it, and of its own bin
    /// the share above it, rounded down. Not increasing in the position.
    /// </summary>
    public long BeyondFloors(long position)
    {
        int index = (int)(position >> ScoreBins.FractionBits) - FirstBin;
        if (index < 0)
        {
            return _above[0];
        }

        if (index >= Bins)
        {
            return 0;
        }

        long upper = _above[index + 1];
        return upper + ScoreBins.Share(_above[index] - upper, ScoreBins.One - (position & (ScoreBins.One - 1)));
    }

    /// <summary>The same without what stays whatever happens.</summary>
    public ByteProfile WithoutFloors() => new(FirstBin, _above, 0);

    /// <summary>Makes a profile of bytes by bin, from bin 0 on; empty bins at both ends are left out.</summary>
    public static ByteProfile OfBins(ReadOnlySpan<long> bytes, long floorBytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, ScoreBins.Count);
        ArgumentOutOfRangeException.ThrowIfNegative(floorBytes);
        int first = bytes.IndexOfAnyExcept(0);
        if (first < 0)
        {
            return new ByteProfile(0, [0], floorBytes);
        }

        int end = bytes.LastIndexOfAnyExcept(0) + 1;
        long[] above = new long[end - first + 1];
        for (int bin = end - 1; bin >= first; bin--)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(bytes[bin]);
            above[bin - first] = checked(above[bin - first + 1] + bytes[bin]);
        }

        return new ByteProfile(first, above, floorBytes);
    }

    /// <summary>
    /// One profile for many caches, their scores multiplied by their weights: what a node tells of all its sessions. A bin's bytes go to the
    /// bin of its weighted lower edge, so a threshold on the sum lies within one bin of the same threshold on the parts.
    /// </summary>
    public static ByteProfile Sum(ReadOnlySpan<WeightedProfile> parts)
    {
        Span<long> bytes = stackalloc long[ScoreBins.Count];
        bytes.Clear();
        long floors = 0;
        foreach ((ByteProfile profile, double weight) in parts)
        {
            floors = checked(floors + profile.FloorBytes);
            for (int bin = profile.FirstBin; bin < profile.FirstBin + profile.Bins; bin++)
            {
                long position = ScoreBins.Position(weight * ScoreBins.LowerEdge(bin));
                int target = Math.Min(ScoreBins.Count - 1, (int)(position >> ScoreBins.FractionBits));
                bytes[target] = checked(bytes[target] + profile.InBin(bin));
            }
        }

        return OfBins(bytes, floors);
    }
}
