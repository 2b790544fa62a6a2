namespace KVCluster.Inference.Kv;

/// <summary>What a cache knows of one (layer, KV head): its pages, how many slots are filled, and where they came from.</summary>
internal sealed class CachedHead
{
    public CachedHead()
    {
        Keys = new PageList();
        Values = new PageList();
    }

    private CachedHead(PageList keys, PageList values, PageList? biases)
    {
        Keys = keys;
        Values = values;
        Biases = biases;
    }

    public PageList Keys { get; }

    public PageList Values { get; }

    /// <summary>Null where no slot of the head carries a bias.</summary>
    public PageList? Biases { get; set; }

    public int Length { get; set; }

    public SlotPositions Positions { get; set; }

    public int PageCount => Keys.Count + Values.Count + (Biases?.Count ?? 0);

    /// <summary>The same slots, with lists of its own over the same pages; pages that hold no filled slot are left out.</summary>
    public CachedHead Fork(KvGeometry geometry)
    {
        int rows = geometry.PagesForRows(Length);
        PageList? biases = Biases is null ? null : new PageList(Biases.Span[..geometry.PagesForBiases(Length)]);
        return new CachedHead(new PageList(Keys.Span[..rows]), new PageList(Values.Span[..rows]), biases)
        {
            Length = Length,
            Positions = Positions,
        };
    }
}
