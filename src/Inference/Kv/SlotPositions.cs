namespace KVCluster.Inference.Kv;

/// <summary>
/// Original positions of the slots of one head, immutable and so shared by forks: first an ascending list of positions kept by
/// compactions, then a contiguous tail. The default is the identity.
/// </summary>
internal readonly struct SlotPositions
{
    private readonly ReadOnlyMemory<int> _kept;
    private readonly int _tailPosition;

    private SlotPositions(ReadOnlyMemory<int> kept, int tailStart, int tailPosition)
    {
        _kept = kept;
        TailStart = tailStart;
        _tailPosition = tailPosition;
    }

    /// <summary>Positions without gaps from <paramref name="first"/> on.</summary>
    public static SlotPositions From(int first) => new(null, 0, first);

    /// <summary>These ascending positions (null: slot i is position i) of a head whose next token gets <paramref name="logicalLength"/>.</summary>
    public static SlotPositions Of(ReadOnlyMemory<int>? positions, int length, int logicalLength)
    {
        if (positions is not { } list)
        {
            // Without a gap at the end the default serves; else the next token is not at the position of the next slot.
            return length == logicalLength ? default : new SlotPositions(Enumerable.Range(0, length).ToArray(), length, logicalLength);
        }

        ReadOnlySpan<int> span = list.Span;
        int tail = length;
        while (tail > 0 && span[tail - 1] == logicalLength - 1 - (length - tail))
        {
            tail--;
        }

        return new SlotPositions(list[..tail], tail, logicalLength - (length - tail));
    }

    /// <summary>The first slot of the contiguous tail.</summary>
    public int TailStart { get; }

    public int this[int slot] => slot < TailStart ? _kept.Span[slot] : _tailPosition + (slot - TailStart);

    public void Fill(Span<int> destination)
    {
        int listed = Math.Min(TailStart, destination.Length);
        _kept.Span[..listed].CopyTo(destination);
        for (int slot = listed; slot < destination.Length; slot++)
        {
            destination[slot] = _tailPosition + (slot - TailStart);
        }
    }

    /// <summary>How many of <paramref name="length"/> slots lie before a position.</summary>
    public int SlotsBefore(int position, int length)
    {
        if (position >= _tailPosition)
        {
            return (int)Math.Min(length, (long)TailStart + position - _tailPosition);
        }

        int index = _kept.Span[..TailStart].BinarySearch(position);
        return index < 0 ? ~index : index;
    }

    /// <summary>After slots from <paramref name="length"/> on were dropped and the next token gets <paramref name="logicalLength"/>.</summary>
    public SlotPositions Truncate(int length, int logicalLength)
    {
        return length < TailStart || logicalLength < _tailPosition ? new SlotPositions(_kept, length, logicalLength) : this;
    }

    /// <summary>After only the kept slots remained and the next token gets <paramref name="logicalLength"/>.</summary>
    public SlotPositions Select(ReadOnlyMemory<int> kept, int logicalLength)
    {
        // The plain case needs no second list: the first compaction's slots are the positions.
        if (TailStart == 0 && _tailPosition == 0)
        {
            return new SlotPositions(kept, kept.Length, logicalLength);
        }

        ReadOnlySpan<int> slots = kept.Span;
        var positions = new int[kept.Length];
        for (int i = 0; i < kept.Length; i++)
        {
            positions[i] = this[slots[i]];
        }

        return new SlotPositions(positions, positions.Length, logicalLength);
    }
}
