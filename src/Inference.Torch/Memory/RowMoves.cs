namespace KVCluster.Inference.Torch.Memory;

/// <summary>Collects moves of rows and hands them on in pieces of bounded size, in the order they came.</summary>
internal sealed class RowMoves(int capacity, RowMoves.Move move)
{
    private readonly List<long> _from = [];
    private readonly List<long> _to = [];

    /// <summary>Moves rows from[i] to to[i], all read before any is written.</summary>
    public delegate void Move(ReadOnlySpan<long> from, ReadOnlySpan<long> to);

    public void Add(long from, long to)
    {
        _from.Add(from);
        _to.Add(to);
        if (_from.Count == capacity)
        {
            Flush();
        }
    }

    public void Flush()
    {
        if (_from.Count > 0)
        {
            move(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_from), System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_to));
            _from.Clear();
            _to.Clear();
        }
    }
}
