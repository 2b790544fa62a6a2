namespace KVCluster.Inference.Kv;

/// <summary>What a cache knows of its slots, apart from the rows themselves: enough to build it again elsewhere.</summary>
public sealed record KvCacheLayout
{
    /// <summary>Tokens the conversation has.</summary>
    public required int LogicalLength { get; init; }

    /// <summary>Whether every token is present as computed.</summary>
    public required bool IsExact { get; init; }

    /// <summary>Each (layer, KV head), row-major [layers, kvHeads].</summary>
    public required IReadOnlyList<KvHeadLayout> Heads { get; init; }

    /// <summary>Pages a cache of this layout takes.</summary>
    public int PagesIn(KvGeometry geometry)
    {
        ArgumentNullException.ThrowIfNull(geometry);
        long pages = 0;
        foreach (KvHeadLayout head in Heads)
        {
            pages += 2L * geometry.PagesForRows(head.Length);
            pages += head.HasBiases ? geometry.PagesForBiases(head.Length) : 0;
        }

        return checked((int)pages);
    }
}
