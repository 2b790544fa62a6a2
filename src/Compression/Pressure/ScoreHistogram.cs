namespace KVCluster.Compression.Pressure;

/// <summary>
/// The composite scores of one session by log-spaced bin, row by row (layers, or heads where lengths are ragged), with the bytes of an entry
/// and the floors: all that the budgets need to know of a session. Immutable. Entries within a row's floor are counted apart from the bins.
/// </summary>
public sealed class ScoreHistogram
{
    // [rows, bins + 1]: entries beyond the floor in bins from FirstBin + k on.
    private readonly int[] _above;
    private readonly int[] _lengths;
    private readonly int[] _floors;
    private readonly long[] _entryBytes;

    // [bins + 1]: mass beyond the floors, all rows, in bins from FirstBin + k on.
    private readonly double[] _massAbove;

    internal ScoreHistogram(HistogramParts parts)
    {
        _above = parts.Above;
        _lengths = parts.Lengths;
        _floors = parts.Floors;
        _entryBytes = parts.EntryBytes;
        _massAbove = parts.MassAbove;
        PageEntries = parts.PageEntries;
        TotalMass = parts.TotalMass;
        Fault = parts.Fault;
        Profile = parts.Profile();
    }

    /// <summary>Rows: layers, or layers x KV heads.</summary>
    public int Rows => _lengths.Length;

    /// <summary>Bytes by bin over all rows.</summary>
    public ByteProfile Profile { get; }

    /// <summary>Entries of a page: what is freed is freed by whole pages.</summary>
    public int PageEntries { get; }

    /// <summary>The sum of all scores, floors included.</summary>
    public double TotalMass { get; }

    /// <summary>Why the scores cannot be used; null where they can.</summary>
    public ScoreFault? Fault { get; }

    /// <summary>Entries of a row.</summary>
    public int Length(int row) => _lengths[row];

    /// <summary>Entries of a row that always stay; a whole number of pages, or all.</summary>
    public int Floor(int row) => _floors[row];

    /// <summary>Bytes of one entry of a row.</summary>
    public long EntryBytes(int row) => _entryBytes[row];

    /// <summary>Bytes of the pages that hold all entries.</summary>
    public long PageBytes => Sum(row => InPages(_lengths[row]) * _entryBytes[row]);

    /// <summary>Entries a row keeps at a threshold's position, floor included (<see cref="ByteProfile.BeyondFloors"/>).</summary>
    public int Kept(int row, long position)
    {
        int bins = Profile.Bins;
        ReadOnlySpan<int> above = _above.AsSpan(row * (bins + 1), bins + 1);
        int index = (int)(position >> ScoreBins.FractionBits) - Profile.FirstBin;
        if (index < 0)
        {
            return _floors[row] + above[0];
        }

        if (index >= bins)
        {
            return _floors[row];
        }

        int upper = above[index + 1];
        return _floors[row] + upper + (int)ScoreBins.Share(above[index] - upper, ScoreBins.One - (position & (ScoreBins.One - 1)));
    }

    /// <summary>
    /// Entries each row keeps once its cache is cut by whole pages: as <see cref="Kept"/>, rounded down to pages but not below the floor; a
    /// row that drops nothing stays as it is. Never more bytes than the threshold asked for.
    /// </summary>
    public void KeptPages(long position, Span<int> kept)
    {
        for (int row = 0; row < Rows; row++)
        {
            int entries = Kept(row, position);
            kept[row] = entries >= _lengths[row] ? _lengths[row] : Math.Max(_floors[row], entries / PageEntries * PageEntries);
        }
    }

    /// <summary>Bytes of pages freed by cutting the rows to these lengths.</summary>
    public long Freed(ReadOnlySpan<int> kept)
    {
        long bytes = 0;
        for (int row = 0; row < Rows; row++)
        {
            bytes += (InPages(_lengths[row]) - InPages(kept[row])) * _entryBytes[row];
        }

        return bytes;
    }

    /// <summary>The sum of scores dropped at a threshold's position, entries of its bin taken alike.</summary>
    public double DroppedMass(long position)
    {
        int index = (int)(position >> ScoreBins.FractionBits) - Profile.FirstBin;
        if (index < 0)
        {
            return 0;
        }

        if (index >= Profile.Bins)
        {
            return _massAbove[0];
        }

        double share = (double)(position & (ScoreBins.One - 1)) / ScoreBins.One;
        return _massAbove[0] - _massAbove[index] + (share * (_massAbove[index] - _massAbove[index + 1]));
    }

    /// <summary>The sum of scores dropped when every row is cut to its floor.</summary>
    public double DroppableMass => _massAbove[0];

    /// <summary>
    /// A session whose scores are missing or not numbers. All entries count alike, in the lowest bin: where bare scores are compared
    /// they give way first, where shares of a session's mass are they are worth their share of the slots.
    /// </summary>
    public static ScoreHistogram Unscored(
        ReadOnlySpan<int> lengths, ReadOnlySpan<long> entryBytes, ReadOnlySpan<int> floors, int pageEntries = 1, ScoreFault? fault = null)
    {
        HistogramParts parts = new(lengths, entryBytes, floors, pageEntries) { Fault = fault ?? ScoreFault.Absent };
        parts.FillAlike();
        return new ScoreHistogram(parts);
    }

    /// <summary>
    /// Sorts rows into bins. A score that is NaN makes the whole session <see cref="Unscored"/>, with the fault named.
    /// </summary>
    /// <exception cref="ArgumentException">A row's scores increase.</exception>
    public static ScoreHistogram Of(IReadOnlyList<HistogramRow> rows, int pageEntries = 1)
    {
        ArgumentNullException.ThrowIfNull(rows);
        HistogramParts parts = HistogramParts.Of(rows, pageEntries);
        parts.Fault = HistogramCheck.FirstFault(rows);
        if (parts.Fault is null)
        {
            parts.Fill(rows);
        }
        else
        {
            parts.FillAlike();
        }

        return new ScoreHistogram(parts);
    }

    /// <summary>
    /// Both histograms in one, row by row: of parts of a cache that were scored apart, or of sessions of one model. A fault of either is one
    /// of the sum; its entries stay in the lowest bin.
    /// </summary>
    /// <exception cref="ArgumentException">Rows, bytes or pages differ.</exception>
    public ScoreHistogram Merge(ScoreHistogram other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (!_entryBytes.AsSpan().SequenceEqual(other._entryBytes) || PageEntries != other.PageEntries)
        {
            throw new ArgumentException("the histograms differ in rows, bytes of an entry or entries of a page", nameof(other));
        }

        return new ScoreHistogram(HistogramParts.Sum(Parts(), other.Parts()));
    }

    /// <summary>
    /// The histogram of the session once each row is cut to its best <paramref name="kept"/> entries: what is known until it is scored again.
    /// Mass leaves its bin in proportion to entries.
    /// </summary>
    /// <exception cref="ArgumentException">A count is below a row's floor or above its length.</exception>
    public ScoreHistogram Cut(ReadOnlySpan<int> kept)
    {
        if (kept.Length != Rows)
        {
            throw new ArgumentException($"{kept.Length} counts for {Rows} rows", nameof(kept));
        }

        for (int row = 0; row < Rows; row++)
        {
            if (kept[row] < _floors[row] || kept[row] > _lengths[row])
            {
                throw new ArgumentException($"row {row} keeps {kept[row]} of {_lengths[row]} entries, floor {_floors[row]}", nameof(kept));
            }
        }

        return new ScoreHistogram(HistogramParts.Cut(Parts(), kept));
    }

    private HistogramParts Parts() => new(_lengths, _entryBytes, _floors, PageEntries)
    {
        FirstBin = Profile.FirstBin,
        Above = _above,
        MassAbove = _massAbove,
        TotalMass = TotalMass,
        Fault = Fault,
    };

    private long InPages(int entries) => (long)(entries + PageEntries - 1) / PageEntries * PageEntries;

    private long Sum(Func<int, long> ofRow)
    {
        long sum = 0;
        for (int row = 0; row < Rows; row++)
        {
            sum += ofRow(row);
        }

        return sum;
    }
}
