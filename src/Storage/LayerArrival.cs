namespace KVCluster.Storage;

/// <summary>
/// A load seen layer by layer: whoever waits for the cache may use a layer as soon as all its frames are there and verified, while those
/// of later layers still come. Used from two sides at once, the store's and the reader's.
/// </summary>
/// <param name="room">Tokens for which rows are prepared behind the copy's, so that the reader does not change the cache's pages.</param>
/// <param name="changed">Told, on any thread, that more layers may be used, or none any more.</param>
public sealed class LayerArrival(int room, Action changed)
{
    // Frames are counted while the reader computes: only the end of all use waits for it.
    private readonly Lock _counting = new();
    private readonly Lock _using = new();
    private (int End, int Missing)[] _groups = [];
    private int _arrived;
    private volatile int _layers;
    private volatile bool _failed;

    /// <summary>Tokens for which rows are prepared behind the copy's.</summary>
    public int Room => room;

    /// <summary>Tokens the arriving copy stands for; 0 before the first layer may be used.</summary>
    public int Tokens { get; private set; }

    /// <summary>Layers that may be used, from the first on.</summary>
    public int Layers => _layers;

    /// <summary>Whether the copy turned out wrong: nothing of it may be used, whatever is loaded in its place comes as a whole.</summary>
    public bool HasFailed => _failed;

    /// <summary>
    /// Uses the cache while the store keeps its pages as they are; false, and nothing was done, where the layer is not there (any more).
    /// </summary>
    public bool TryUse(int layer, Action use)
    {
        ArgumentNullException.ThrowIfNull(use);
        lock (_using)
        {
            if (_failed || layer >= _layers)
            {
                return false;
            }

            use();
            return true;
        }
    }

    /// <summary>Begins, once: the cache has its pages. Groups of layers in order: the first layer past each, and its frames.</summary>
    internal bool TryBegin(int tokens, IEnumerable<(int End, int Frames)> groups)
    {
        lock (_counting)
        {
            if (_failed || _groups.Length > 0)
            {
                return false;
            }

            _groups = [.. groups];
            Tokens = tokens;
            Count();
        }

        changed();
        return true;
    }

    /// <summary>A frame of a group is there and verified.</summary>
    internal void Arrived(int group)
    {
        bool more;
        lock (_counting)
        {
            _groups[group].Missing--;
            more = Count();
        }

        if (more)
        {
            changed();
        }
    }

    /// <summary>Nothing may be used any more; when this returns nobody does.</summary>
    internal void Fail()
    {
        lock (_using)
        {
            _failed = true;
        }

        changed();
    }

    private bool Count()
    {
        int before = _arrived;
        while (_arrived < _groups.Length && _groups[_arrived].Missing == 0)
        {
            _layers = _groups[_arrived++].End;
        }

        return _arrived > before;
    }
}
