using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Storage;

namespace KVCluster.Worker.Serving.Device;

/// <summary>
/// A turn's next tokens, computed layer by layer behind a copy that is still being loaded. All but the last of them: that one runs as a step
/// and gives the logits. Touched by the device's thread only, but for <see cref="Arrival"/>.
/// </summary>
internal sealed class LayerOverlap : IDisposable
{
    /// <summary>Fewer tokens cost a step hardly less than one does.</summary>
    private const int LeastRows = 16;

    private readonly DeviceParts _parts;
    private readonly Turn _turn;
    private readonly KvCache _cache;
    private ILayerPass? _pass;
    private bool _refused;

    private LayerOverlap(DeviceParts parts, Turn turn, KvCache cache, int rows)
    {
        _parts = parts;
        _turn = turn;
        _cache = cache;
        Arrival = new LayerArrival(rows, () => parts.Inbox.Post(() => { }));
    }

    /// <summary>What the store tells of the load.</summary>
    public LayerArrival Arrival { get; }

    /// <summary>Seconds it has computed.</summary>
    public double Seconds { get; private set; }

    /// <summary>Null where too little follows the copy to be worth it.</summary>
    public static LayerOverlap? Of(DeviceParts parts, Turn turn, KvCache cache, int copyTokens)
    {
        int rows = Rows(turn, copyTokens, Math.Min(parts.Options.PrefillChunkTokens, parts.Backend.MaxBatchTokens));
        return rows < LeastRows ? null : new LayerOverlap(parts, turn, cache, rows);
    }

    /// <summary>Runs the next layer, if its rows are there. The last is left for <see cref="Finish"/>: until then the cache is the store's.</summary>
    public bool Step() => !_turn.IsOver && !_refused && (_pass?.Layer ?? 0) < _parts.Model.Config.Layers - 1
        && Arrival.TryUse(_pass?.Layer ?? 0, RunLayer);

    /// <summary>
    /// The load has ended well and the cache is the device's again: runs what is left. Gives how many tokens the cache has more; 0: none was
    /// begun, or the turn is over, or another copy came in place of the one it was begun on.
    /// </summary>
    public int Finish(SnapshotLoad load)
    {
        if (_pass is null || _turn.IsOver || Arrival.HasFailed || load.Tokens != Arrival.Tokens)
        {
            if (_pass is not null || _turn.IsOver)
            {
                _cache.Truncate(_cache.LogicalLength);
            }

            return 0;
        }

        while (_pass.Layer < _parts.Model.Config.Layers)
        {
            RunLayer();
        }

        return _pass.Tokens;
    }

    public void Dispose() => _pass?.Dispose();

    private static int Rows(Turn turn, int copyTokens, int most) => Math.Min(most, turn.Sequence.Count - copyTokens - 1);

    private void RunLayer()
    {
        long start = _parts.Now;
        _pass ??= Begin();
        _pass?.Step();
        Seconds += _parts.Seconds(start, _parts.Now);
    }

    private ILayerPass? Begin()
    {
        int rows = Rows(_turn, Arrival.Tokens, Arrival.Room);
        ILayerPass? pass = rows < LeastRows ? null : _parts.Backend.BeginLayers(_cache, _turn.Sequence.Slice(Arrival.Tokens, rows));
        _refused = pass is null;
        return pass;
    }
}
