namespace KVCluster.Inference.Kv;

/// <summary>A growing list of page numbers that shows itself as memory.</summary>
internal sealed class PageList
{
    private int[] _pages;

    public PageList()
    {
        _pages = [];
    }

    public PageList(ReadOnlySpan<int> pages)
    {
        _pages = pages.ToArray();
        Count = pages.Length;
    }

    public int Count { get; private set; }

    public ReadOnlySpan<int> Span => _pages.AsSpan(0, Count);

    public ReadOnlyMemory<int> Memory => _pages.AsMemory(0, Count);

    public int this[int index]
    {
        get => Span[index];
        set => _pages[index < Count ? index : throw new ArgumentOutOfRangeException(nameof(index))] = value;
    }

    public void Add(ReadOnlySpan<int> pages)
    {
        if (Count + pages.Length > _pages.Length)
        {
            Array.Resize(ref _pages, Math.Max(Count + pages.Length, 2 * _pages.Length));
        }

        pages.CopyTo(_pages.AsSpan(Count));
        Count += pages.Length;
    }

    public void Shorten(int count) => Count = Math.Min(Count, count);
}
