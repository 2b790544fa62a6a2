using KVCluster.Compression.Pressure;

namespace KVCluster.Evaluation.Scenarios;

/// <summary>A session of a scenario: its tokens, and what of their cache is where. Tokens are whole pages.</summary>
internal sealed class SimulatedSession(string name, ScenarioArrivals group, int turns)
{
    private int[]? _kept;
    private ScoreHistogram? _present;

    public string Name { get; } = name;

    public ScenarioArrivals Group { get; } = group;

    public int TurnsLeft { get; set; } = turns;

    public int Tokens { get; private set; }

    /// <summary>The device that holds its cache; null where none does.</summary>
    public SimulatedDevice? Device { get; private set; }

    /// <summary>Bytes held there.</summary>
    public long Bytes { get; private set; }

    public bool IsRunning { get; set; }

    public bool IsWaiting { get; set; }

    /// <summary>Whether the cold store has all its tokens as computed.</summary>
    public bool HasColdCopy { get; set; }

    /// <summary>Whether every token is held as computed; also where nothing is held.</summary>
    public bool IsWhole => _kept is null;

    public double LastEnd { get; set; }

    public List<double> Gaps { get; } = [];

    /// <summary>Grows with every turn and every leaving: what was planned before is out of date.</summary>
    public int Version { get; private set; }

    /// <summary>The histogram of what is held.</summary>
    public ScoreHistogram Present(HistogramCache histograms)
    {
        if (_present is null)
        {
            ScoreHistogram whole = histograms.Of(Group.Spread, Tokens);
            _present = _kept is null ? whole : whole.Cut(_kept);
        }

        return _present;
    }

    public double MassShare(HistogramCache histograms) =>
        _kept is null || Tokens == 0 ? 1 : Present(histograms).TotalMass / histograms.Of(Group.Spread, Tokens).TotalMass;

    /// <summary>The cache is on this device; what it lacked of tokens has been computed or loaded.</summary>
    public void Hold(SimulatedDevice device, int tokens, long bytes)
    {
        if (Device is null)
        {
            _kept = null;
        }
        else if (_kept is not null)
        {
            _kept = Array.ConvertAll(_kept, k => k + tokens - Tokens);
        }

        _present = null;
        HasColdCopy &= tokens == Tokens;
        Device = device;
        Tokens = tokens;
        Bytes = bytes;
        Version++;
    }

    public void Cut(IReadOnlyList<int> kept, long freed)
    {
        _kept = [.. kept];
        _present = null;
        Bytes -= freed;
    }

    /// <summary>It is held elsewhere, as it is.</summary>
    public void MoveTo(SimulatedDevice device)
    {
        Device = device;
        Version++;
    }

    public void Leave()
    {
        Device = null;
        Bytes = 0;
        _kept = null;
        _present = null;
        Version++;
    }
}
