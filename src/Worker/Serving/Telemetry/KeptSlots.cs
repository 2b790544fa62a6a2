namespace KVCluster.Worker.Serving;

/// <summary>Which tokens each (layer, KV head) of a cache still has.</summary>
public sealed record KeptSlots
{
    /// <summary>Positions of the cache: bits run over [0, Positions).</summary>
    public required int Positions { get; init; }

    /// <summary>Layers.</summary>
    public required int Layers { get; init; }

    /// <summary>KV heads of a layer.</summary>
    public required int KvHeads { get; init; }

    /// <summary>Tokens there were when a policy last closed positions up: below, position i is not token i. 0: never.</summary>
    public int ClosedTokens { get; init; }

    /// <summary>
    /// Bits, row-major [layers, KV heads, (Positions + 7) / 8]: bit i % 8 of byte i / 8 of a row says whether position i is kept. Empty where
    /// everything is kept.
    /// </summary>
    public required byte[] Bits { get; init; }

    /// <summary>Bytes of one row of <see cref="Bits"/>.</summary>
    public int RowBytes => (Positions + 7) / 8;
}
