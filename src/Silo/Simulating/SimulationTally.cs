using KVCluster.Evaluation.Scenarios;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Silo.Simulating;

/// <summary>Counts while a simulation runs; told by any thread.</summary>
/// <param name="scale">Sizes of the file and of the arena.</param>
/// <param name="clock">When things are told.</param>
/// <param name="timeline">What a picture is made of, or null.</param>
internal sealed class SimulationTally(SimulationScale scale, SimulationClock clock, SimulationTimeline? timeline)
{
    private readonly Lock _gate = new();
    private readonly List<double> _firstToken = [];
    private readonly Dictionary<(ReliefKind Kind, string Cause), (long Count, long Bytes)> _acts = [];
    private readonly int[] _attached = new int[Enum.GetValues<AttachSource>().Length];
    private double _mass;
    private int _ended;
    private double _retryAfter;
    private int _refusals;
    private int _gaveUp;
    private int _sentAgain;

    public int Sessions { get; set; }

    public int NodeLosses { get; set; }

    public int AllocatorLosses { get; set; }

    public long Moves { get; private set; }

    public int Reports { get; set; }

    public double PeakShare { get; private set; }

    public long LostTurns { get; set; }

    /// <summary>A turn has ended on its device.</summary>
    public void Ended(TurnEnd end)
    {
        lock (_gate)
        {
            _attached[(int)end.Attach.Source]++;
            _ended++;
            double mass = end.Compressions.Aggregate(1.0, (kept, cut) => kept * (1 - (cut.DroppedMass ?? 0)));
            _mass += mass;
            timeline?.Ended(clock.Seconds, mass);
        }
    }

    /// <summary>A client has its answer.</summary>
    public void Served(double firstTokenSeconds)
    {
        lock (_gate)
        {
            _firstToken.Add(firstTokenSeconds);
            timeline?.Served(clock.Seconds, firstTokenSeconds);
        }
    }

    /// <summary>A device was looked at.</summary>
    public void Held(int node, double share)
    {
        PeakShare = Math.Max(PeakShare, share);
        timeline?.Held(clock.Seconds, node, share);
    }

    /// <summary>So many sessions have moved since this was told last.</summary>
    public void Moved(long sessions)
    {
        Moves += sessions;
        timeline?.Moved(clock.Seconds, sessions);
    }

    /// <summary>A client was told to come again.</summary>
    public void Refused(TimeSpan retryAfter)
    {
        lock (_gate)
        {
            _refusals++;
            _retryAfter += retryAfter.TotalSeconds;
        }
    }

    public void GaveUp() => Interlocked.Increment(ref _gaveUp);

    public void SentAgain() => Interlocked.Increment(ref _sentAgain);

    /// <summary>A device is looked at for the last time.</summary>
    public void Acted(IEnumerable<ReliefTotal> totals)
    {
        foreach (ReliefTotal total in totals)
        {
            (long count, long bytes) = _acts.GetValueOrDefault((total.Kind, total.Cause));
            _acts[(total.Kind, total.Cause)] = (count + total.Count, bytes + scale.Bytes(total.FreedBytes));
        }
    }

    public SimulationReport Report(Scenario scenario, int unsettled, double realSeconds)
    {
        _firstToken.Sort();
        int turns = _firstToken.Count;
        return new SimulationReport
        {
            Scenario = scenario.Name,
            Seconds = scenario.Seconds,
            Sessions = Sessions,
            Turns = turns,
            Refusals = _refusals,
            RetryAfterSeconds = _refusals == 0 ? 0 : _retryAfter / _refusals,
            GaveUp = _gaveUp,
            SentAgain = _sentAgain,
            Hits = new SimulatedHits(Attached(AttachSource.Resident), Attached(AttachSource.Loaded), Attached(AttachSource.Recomputed)),
            MassKept = _ended == 0 ? 1 : _mass / _ended,
            FirstTokenSeconds = turns == 0 ? 0 : _firstToken.Average(),
            FirstTokenSecondsP95 = turns == 0 ? 0 : _firstToken[(int)(0.95 * (turns - 1))],
            Acts = [.. _acts
                .OrderBy(a => a.Key.Kind).ThenBy(a => a.Key.Cause, StringComparer.Ordinal)
                .Select(a => new SimulatedActs(a.Key.Kind.ToString(), a.Key.Cause, a.Value.Count, a.Value.Bytes))],
            FreedBytes = _acts.Where(a => a.Key.Kind != ReliefKind.Restore).Sum(a => a.Value.Bytes),
            Moves = Moves,
            NodeLosses = NodeLosses,
            AllocatorLosses = AllocatorLosses,
            LostTurns = LostTurns,
            PeakShare = PeakShare,
            Reports = Reports,
            Unsettled = unsettled,
            RealSeconds = realSeconds,
        };
    }

    private int Attached(AttachSource source) => _attached[(int)source];
}
