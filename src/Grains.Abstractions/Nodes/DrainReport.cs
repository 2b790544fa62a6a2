namespace KVCluster.Grains;

/// <summary>What taking a node out of service came to.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.DrainReport")]
public sealed record DrainReport
{
    /// <summary>The node.</summary>
    [Id(0)]
    public required string Node { get; init; }

    /// <summary>Turns that ran or waited when it began.</summary>
    [Id(1)]
    public int Turns { get; init; }

    /// <summary>Turns that did not end in time and were not handed over: they never were, and the same request runs elsewhere.</summary>
    [Id(2)]
    public int BrokenOff { get; init; }

    /// <summary>Sessions that went to another node with their caches.</summary>
    [Id(3)]
    public int Moved { get; init; }

    /// <summary>Sessions whose caches went to the cold store, because no other node takes turns.</summary>
    [Id(4)]
    public int Saved { get; init; }

    /// <summary>Sessions whose caches were still here when time was up: they are computed again elsewhere, or loaded from an earlier copy.</summary>
    [Id(5)]
    public int Left { get; init; }

    /// <summary>Of the moved and saved ones, those for which the cold store took no copy: they are computed again.</summary>
    [Id(6)]
    public int Uncopied { get; init; }

    /// <summary>Bytes of the arena that moved and saved caches held, less what they shared with others.</summary>
    [Id(7)]
    public long CacheBytes { get; init; }

    /// <summary>Bytes written to the cold store for them; what was there already is not written again.</summary>
    [Id(8)]
    public long WrittenBytes { get; init; }

    /// <summary>Seconds from the first refusal of a turn to the last cache gone.</summary>
    [Id(9)]
    public double Seconds { get; init; }

    /// <summary>Turns that did not end in time and go on elsewhere, behind the tokens they had made, when the same request comes again.</summary>
    [Id(10)]
    public int HandedOver { get; init; }
}
