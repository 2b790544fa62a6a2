namespace KVCluster.Evaluation.Scenarios;

/// <summary>Counts while a scenario runs.</summary>
internal sealed class ScenarioTally
{
    private readonly List<double> _firstToken = [];
    private double _mass;

    public int Sessions { get; set; }

    public int Served { get; set; }

    public int Refusals { get; set; }

    public int GaveUp { get; set; }

    public int Restarted { get; set; }

    public int Resident { get; set; }

    public int Loaded { get; set; }

    public int Recomputed { get; set; }

    public int Compressions { get; set; }

    public int Drops { get; set; }

    public int Demotions { get; set; }

    public int Moves { get; set; }

    public int Messages { get; set; }

    public void FirstToken(double seconds, double mass)
    {
        _firstToken.Add(seconds);
        _mass += mass;
    }

    public ScenarioOutcome Outcome(string name, double peakShare)
    {
        _firstToken.Sort();
        return new ScenarioOutcome
        {
            Name = name,
            Sessions = Sessions,
            TurnsServed = Served,
            Refusals = Refusals,
            GaveUp = GaveUp,
            Restarted = Restarted,
            Attached = (Resident, Loaded, Recomputed),
            Acts = (Compressions, Drops, Demotions, Moves),
            MeanFirstToken = _firstToken.Count == 0 ? 0 : _firstToken.Average(),
            SlowFirstToken = _firstToken.Count == 0 ? 0 : _firstToken[(int)(0.95 * (_firstToken.Count - 1))],
            MeanMass = _firstToken.Count == 0 ? 1 : _mass / _firstToken.Count,
            PeakShare = peakShare,
            Messages = Messages,
        };
    }
}
