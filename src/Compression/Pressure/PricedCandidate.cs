namespace KVCluster.Compression.Pressure;

/// <summary>
/// A session with its costs on the common scale, weighted seconds:
/// <code>
/// compress to threshold t:  importance * max(1/20, chance) * active factor * observed factor * SecondsPerMass
///                               * (mass dropped at t / all mass + doubt * entries dropped at t / all entries)
/// leave the device:         importance * chance * seconds to return, and seconds to leave where turns wait for the bytes
/// wait for its turn's end:  as leaving, and seconds to the end where turns wait for the bytes
/// </code>
/// The doubt is that of merely observed scores (<see cref="PressureOptions.ObservedDoubt"/>), 0 for those of a replay. Waiting does nothing: it is the
/// choice not to cut an answer that ends soon by such scores, and all there is to have of a session that cannot be cut at this instant.
/// At a price of p seconds for a byte the best act is the one with the greatest <c>p * bytes freed - cost</c>. Compression by itself is best at the
/// threshold where the next entry costs p a byte; that is one threshold over all sessions.
/// </summary>
internal sealed class PricedCandidate
{
    private readonly ScoreHistogram? _histogram;
    private readonly double _secondsPerScore;
    private readonly double _entryBytes;
    private readonly double _doubtPerEntry;
    private readonly double _leavingCost;
    private readonly double _leastCut;
    private readonly ActKind _leaving;

    public PricedCandidate(PressureCandidate candidate, PressureOptions options, PressureSnapshot snapshot)
    {
        candidate.Check();
        Candidate = candidate;
        _leavingCost = candidate.Importance * candidate.ReturnChance * candidate.SecondsToReturn;
        bool leaves = candidate.MayLeave && (candidate.HasColdCopy || snapshot.CanDemote);
        _leaving = leaves ? candidate.HasColdCopy ? ActKind.Drop : ActKind.Demote
            : Waits(candidate, options) ? ActKind.Wait : ActKind.None;
        if (snapshot.WaitingBytes > 0)
        {
            _leavingCost += _leaving switch
            {
                ActKind.Demote => candidate.SecondsToLeave,
                ActKind.Wait => candidate.SecondsToEnd,
                _ => 0,
            };
        }

        _leastCut = options.LeastCut * candidate.Bytes;
        if (candidate.Histogram is not { Profile.Droppable: > 0 } histogram)
        {
            return;
        }

        _histogram = histogram;
        double factor = (candidate.IsActive ? options.ActiveFactor : 1) * (candidate.IsMerelyObserved ? options.ObservedFactor : 1);
        double seconds = SessionWeight.Of(candidate.Importance, candidate.ReturnChance) * factor * options.SecondsPerMass;
        _secondsPerScore = histogram.TotalMass > 0 ? seconds / histogram.TotalMass : 0;
        long entries = 0;
        for (int row = 0; row < histogram.Rows; row++)
        {
            entries += histogram.Length(row);
        }

        _entryBytes = (double)histogram.Profile.TotalBytes / entries;
        _doubtPerEntry = candidate.IsMerelyObserved ? options.ObservedDoubt * histogram.TotalMass / entries : 0;
    }

    public PressureCandidate Candidate { get; }

    /// <summary>Whether it may leave without waiting for its turn to end.</summary>
    public bool LeavesAtOnce => _leaving is ActKind.Drop or ActKind.Demote;

    /// <summary>The act of greatest gain at a price, in seconds a byte; of equal gains the one that frees more, then the earlier kind.</summary>
    public ActOption Best(double price)
    {
        ActOption compress = Compress(price);
        if (Leave(0) is not { Freed: > 0 } leave)
        {
            return compress;
        }

        double gain = Gain(leave, price);
        double other = Math.Max(0, Gain(compress, price));
        return gain > other || (gain == other && (compress.Freed == 0 || leave.Kind < compress.Kind)) ? leave : compress;
    }

    /// <summary>
    /// Leaving, at once or when its turn has ended, with <paramref name="more"/> bytes that come free by it besides its own; null where it may not.
    /// </summary>
    public ActOption? Leave(long more) =>
        _leaving == ActKind.None ? null : new ActOption(_leaving, Candidate.Bytes + more, _leavingCost, ScoreBins.End);

    /// <summary>What an act is worth at a price.</summary>
    public static double Gain(ActOption option, double price) => (price * option.Freed) - option.Cost;

    /// <summary>The best cut at a price; none where it frees nothing.</summary>
    public ActOption Compress(double price)
    {
        if (_histogram is null || (price == 0 && _secondsPerScore > 0))
        {
            return ActOption.None;
        }

        if (_secondsPerScore == 0)
        {
            return CompressTo(ScoreBins.End);
        }

        // The entry whose score and doubt together cost the price.
        double score = (price * _entryBytes / _secondsPerScore) - _doubtPerEntry;
        return score > 0 || _doubtPerEntry == 0 ? CompressTo(ScoreBins.Position(score)) : ActOption.None;
    }

    /// <summary>As much as can be had of the session, whatever it costs.</summary>
    public ActOption Most() => Leave(0) is { Freed: > 0 } leave
        ? leave
        : _histogram is null ? ActOption.None : CompressTo(ScoreBins.End);

    /// <summary>The act itself; null where whole pages free nothing.</summary>
    public PressureAct? Act(ActOption option, PressureCause cause)
    {
        switch (option.Kind)
        {
            case ActKind.None or ActKind.Wait:
                return null;
            case ActKind.Drop:
                return new DropAct(cause, option.Freed, option.Cost, Candidate.Session);
            case ActKind.Demote:
                return new DemoteAct(cause, option.Freed, option.Cost, Candidate.Session);
            default:
                return CompressAct(option, cause);
        }
    }

    private CompressAct? CompressAct(ActOption option, PressureCause cause)
    {
        int[] keep = new int[_histogram!.Rows];
        _histogram.KeptPages(option.Position, keep);
        long freed = _histogram.Freed(keep);
        if (freed == 0)
        {
            return null;
        }

        double mass = _histogram.DroppedMass(option.Position) + RoundedMass(option.Position, keep);
        mass = Math.Min(mass, _histogram.DroppableMass);
        return new CompressAct(cause, freed, Cost(mass, freed), Candidate.Session)
        {
            IsActive = Candidate.IsActive,
            Keep = keep,
            MassShare = _histogram.TotalMass > 0 ? Math.Min(1, mass / _histogram.TotalMass) : 0,
            Fault = _histogram.Fault,
        };
    }

    // Where a replay has told what its entries are worth, an active session is cut: that makes room at once.
    private static bool Waits(PressureCandidate candidate, PressureOptions options) =>
        !candidate.MayLeave && double.IsFinite(candidate.SecondsToEnd)
        && (candidate.Histogram is null || (candidate.IsMerelyObserved && options.ObservedDoubt > 0));

    private double Cost(double mass, long freed) => (mass + (freed / _entryBytes * _doubtPerEntry)) * _secondsPerScore;

    // What rounding to whole pages takes beyond the threshold scores at least the threshold.
    private double RoundedMass(long position, ReadOnlySpan<int> keep)
    {
        long entries = 0;
        for (int row = 0; row < keep.Length; row++)
        {
            entries += Math.Max(0, _histogram!.Kept(row, position) - keep[row]);
        }

        return position < ScoreBins.End ? entries * ScoreBins.ValueAt(position) : 0;
    }

    private ActOption CompressTo(long position)
    {
        long freed = _histogram!.Profile.Droppable - _histogram.Profile.BeyondFloors(position);
        ActKind kind = Candidate.IsActive ? ActKind.CompressActive : ActKind.CompressIdle;
        bool worthIt = freed > 0 && (freed >= _leastCut || freed == _histogram.Profile.Droppable);
        return !worthIt ? ActOption.None : new ActOption(kind, freed, Cost(_histogram.DroppedMass(position), freed), position);
    }
}
