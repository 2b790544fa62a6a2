namespace KVCluster.Inference.Torch.Memory;

/// <summary>Collects moves of rows and hands them on in pieces of bounded size, in the order they came.</summary>
internal sealed class RowMoves(int capacity, RowMoves.Move move)
{
    private readonly List<long> _from = [];
    private readonly List<long> _to = [];

    /// <summary>Moves rows from[i] to to[i], all read before any is written.</summary>
    public delegate void Move(ReadOnlySpan<long> from, ReadOnlySpan<long> to);

    /// <summary>Row kept[i] of a paged list to row i, for all that move.</summary>
    public void Add(ReadOnlySpan<int> pages, ReadOnlySpan<int> kept, int pageRows)
    {
        for (int i = 0; i < kept.Length; i++)
        {
            int source = kept[i];
            if (source != i)
            {
                Add(((long)pages[source / pageRows] * pageRows) + (source % pageRows), ((long)pages[i / pageRows] * pageRows) + (i % pageRows));
            }
        }
    }

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
