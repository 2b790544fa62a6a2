namespace KVCluster.Inference.Torch.Memory;

/// <summary>One cache's place in the block tables, with what the device knows of its pages.</summary>
internal sealed class BlockSeat
{
    private readonly List<int>[] _known;

    public BlockSeat(long firstRow, int rows)
    {
        FirstRow = firstRow;
        _known = new List<int>[rows];
        for (int i = 0; i < rows; i++)
        {
            _known[i] = [];
        }
    }

    /// <summary>The first of its rows in the tables.</summary>
    public long FirstRow { get; }

    /// <summary>Who sits here; null: nobody.</summary>
    public SlotState? Owner { get; private set; }

    /// <summary>The last step that used it.</summary>
    public long UsedAt { get; set; }

    /// <summary>The cache's version that the device knows.</summary>
    public long PagesVersion { get; set; } = -1;

    /// <summary>The state's version that the device knows.</summary>
    public long StateVersion { get; set; } = -1;

    /// <summary>Page numbers of a row as the device has them.</summary>
    public List<int> Known(int row) => _known[row];

    public void Take(SlotState owner)
    {
        Owner = owner;
        owner.Seat = this;
        PagesVersion = -1;
    }

    /// <summary>Nobody sits here any more; the device's page numbers stay until somebody else's replace them.</summary>
    public void Release()
    {
        if (Owner is not null)
        {
            Owner.Seat = null;
            Owner = null;
        }
    }

    /// <summary>The device knows nothing any more.</summary>
    public void Forget()
    {
        foreach (List<int> row in _known)
        {
            row.Clear();
        }

        PagesVersion = -1;
    }
}
