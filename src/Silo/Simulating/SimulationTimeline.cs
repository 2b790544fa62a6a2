using KVCluster.Evaluation.Scenarios;

namespace KVCluster.Silo.Simulating;

/// <summary>A simulation over its time, in equal parts: what its picture shows.</summary>
internal sealed class SimulationTimeline
{
    private const int Parts = 120;
    private readonly Lock _gate = new();
    private readonly double _partSeconds;
    private readonly List<double>[] _firstTokens = [.. Enumerable.Range(0, Parts).Select(_ => new List<double>())];
    private readonly (double Sum, int Count)[] _mass = new (double, int)[Parts];
    private readonly long[] _moves = new long[Parts];
    private readonly double?[][] _used;

    public SimulationTimeline(Scenario scenario)
    {
        Scenario = scenario;
        _partSeconds = scenario.Seconds / (double)Parts;
        _used = [.. scenario.Nodes.Select(_ => new double?[Parts])];
    }

    /// <summary>What was replayed.</summary>
    public Scenario Scenario { get; }

    /// <summary>Share of a node's bytes that was held, at most in each part; null where the node was lost all the while.</summary>
    public IReadOnlyList<double?> Used(int node) => _used[node];

    /// <summary>Mean attention mass that caches had kept at the end of turns; null where none ended.</summary>
    public IReadOnlyList<double?> Mass => [.. _mass.Select(part => part.Count == 0 ? (double?)null : part.Sum / part.Count)];

    /// <summary>Seconds to the first token that half of the turns stayed below; null where none was served.</summary>
    public IReadOnlyList<double?> FirstToken(double share) => [.. _firstTokens.Select(part =>
        part.Count == 0 ? (double?)null : part.Order().ElementAt((int)(share * (part.Count - 1))))];

    /// <summary>Sessions moved.</summary>
    public IReadOnlyList<long> Moves => _moves;

    /// <summary>Seconds in the middle of a part.</summary>
    public double SecondsOf(int part) => (part + 0.5) * _partSeconds;

    public void Held(double seconds, int node, double share)
    {
        lock (_gate)
        {
            int part = Part(seconds);
            _used[node][part] = Math.Max(_used[node][part] ?? 0, share);
        }
    }

    public void Ended(double seconds, double mass)
    {
        lock (_gate)
        {
            int part = Part(seconds);
            _mass[part] = (_mass[part].Sum + mass, _mass[part].Count + 1);
        }
    }

    public void Served(double seconds, double firstToken)
    {
        lock (_gate)
        {
            _firstTokens[Part(seconds)].Add(firstToken);
        }
    }

    public void Moved(double seconds, long sessions) => _moves[Part(seconds)] += sessions;

    private int Part(double seconds) => Math.Clamp((int)(seconds / _partSeconds), 0, Parts - 1);
}
