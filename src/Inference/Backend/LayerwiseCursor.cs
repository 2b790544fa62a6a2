namespace KVCluster.Inference.Backend;

/// <summary>
/// Where a pass stands that takes tokens through the layers one layer at a time. The tokens are one or more runs, each a sequence of its
/// own; a step is a chunk of one run in one layer, and all runs end a layer before the next begins.
/// </summary>
internal sealed class LayerwiseCursor
{
    private readonly IReadOnlyList<ReadOnlyMemory<int>> _runs;
    private readonly int _layers;
    private readonly int _chunk;
    private long _doneRows;

    /// <param name="runs">Token ids of each run, none empty.</param>
    /// <param name="layers">Layers of the model.</param>
    /// <param name="chunk">The most rows of a step.</param>
    public LayerwiseCursor(IReadOnlyList<ReadOnlyMemory<int>> runs, int layers, int chunk)
    {
        _runs = runs;
        _layers = layers;
        _chunk = chunk;
        Tokens = runs.Sum(r => (long)r.Length);
        LongestRun = runs.Max(r => r.Length);
    }

    /// <summary>Tokens of all runs.</summary>
    public long Tokens { get; }

    public int LongestRun { get; }

    public int Layer { get; private set; }

    /// <summary>The last layer's attention is the end: nothing reads its output.</summary>
    public bool IsLastLayer => Layer == _layers - 1;

    /// <summary>The run of the present step.</summary>
    public int Run { get; private set; }

    public int RunLength => _runs[Run].Length;

    /// <summary>The present step's first row in its run.</summary>
    public int Row { get; private set; }

    /// <summary>The present step's first row among the rows of all runs.</summary>
    public long LayerRow { get; private set; }

    /// <summary>Rows of the present step: at most a chunk, and alike, since a short rest would cost a whole step for a few rows.</summary>
    public int Rows
    {
        get
        {
            int steps = (RunLength + _chunk - 1) / _chunk;
            return Math.Min((RunLength + steps - 1) / steps, RunLength - Row);
        }
    }

    public bool AtLayerStart => Row == 0 && Run == 0;

    public bool AtRunStart => Row == 0;

    /// <summary>Whether the present step ends its run.</summary>
    public bool EndsRun => Row + Rows == RunLength;

    /// <summary>Whether the present step ends its layer.</summary>
    public bool EndsLayer => EndsRun && Run == _runs.Count - 1;

    public bool Finished => Layer == _layers;

    /// <summary>Share done, 0 to 1.</summary>
    public double Progress => (double)_doneRows / (Tokens * _layers);

    /// <summary>Goes past the present step.</summary>
    public void Advance()
    {
        (int rows, bool endsRun, bool endsLayer) = (Rows, EndsRun, EndsLayer);
        _doneRows += rows;
        (Row, LayerRow) = endsRun ? (0, LayerRow + rows) : (Row + rows, LayerRow + rows);
        Run += endsRun ? 1 : 0;
        if (endsLayer)
        {
            (Run, LayerRow) = (0, 0);
            Layer++;
        }
    }
}
