using KVCluster.Compression.Pressure;

namespace KVCluster.Benchmarks.AllocatorSimulation;

/// <summary>One session: its document, what of it is in memory and when it last had a turn.</summary>
internal sealed class SimulatedSession(int id, int shape, double importance)
{
    private int[]? _kept;

    public int Id { get; } = id;

    public string Name { get; } = id.ToString(System.Globalization.CultureInfo.InvariantCulture);

    public int Shape { get; private set; } = shape;

    public double Importance { get; } = importance;

    public bool IsResident { get; private set; }

    public bool IsWaiting { get; set; }

    public bool HasTurn { get; set; }

    public double WaitingSince { get; set; }

    public double LastTurn { get; set; } = -60;

    public ScoreHistogram Whole => Shapes.All[Shape];

    /// <summary>What is in memory, at the present cut.</summary>
    public ScoreHistogram Present => _kept is null ? Whole : Whole.Cut(_kept);

    public long Bytes { get; private set; }

    /// <summary>The share of the document's attention mass that is in memory.</summary>
    public double Mass { get; private set; }

    public int Tokens => Whole.Length(0);

    public void Restore()
    {
        IsResident = true;
        _kept = null;
        Bytes = Whole.PageBytes;
        Mass = 1;
    }

    public void Leave()
    {
        IsResident = false;
        _kept = null;
        Bytes = 0;
        Mass = 0;
    }

    public void Cut(int[] kept)
    {
        long freed = Present.Freed(kept);
        _kept = kept;
        Bytes -= freed;
        Mass = Present.TotalMass / Whole.TotalMass;
    }

    public void NewDocument(int shape)
    {
        Leave();
        Shape = shape;
    }
}
