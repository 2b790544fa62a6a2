namespace KVCluster.Worker.Serving.Device;

/// <summary>A growing list of token ids that shows parts of itself as memory.</summary>
internal sealed class TokenBuffer
{
    private int[] _ids;

    public TokenBuffer(ReadOnlySpan<int> first, ReadOnlySpan<int> second)
    {
        _ids = new int[first.Length + second.Length];
        first.CopyTo(_ids);
        second.CopyTo(_ids.AsSpan(first.Length));
        Count = _ids.Length;
    }

    public TokenBuffer(ReadOnlySpan<int> ids)
        : this(ids, [])
    {
    }

    public int Count { get; private set; }

    public ReadOnlySpan<int> Span => _ids.AsSpan(0, Count);

    /// <summary>Valid until the next <see cref="Add"/>.</summary>
    public ReadOnlyMemory<int> Slice(int start, int count) => _ids.AsMemory(start, count);

    public void Add(int id)
    {
        if (Count == _ids.Length)
        {
            Array.Resize(ref _ids, Count + Math.Max(64, Count / 8));
        }

        _ids[Count++] = id;
    }

    public void Truncate(int count) => Count = Math.Min(Count, count);

    /// <summary>Gives back what was kept for growth.</summary>
    public void Trim()
    {
        if (_ids.Length > Count)
        {
            Array.Resize(ref _ids, Count);
        }
    }
}
