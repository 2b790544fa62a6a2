namespace KVCluster.Grains;

/// <summary>Which tokens each (layer, KV head) of a session's cache still has.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.KeptMap")]
public sealed record KeptMap
{
    /// <summary>Positions of the cache: bits run over [0, Positions).</summary>
    [Id(0)]
    public required int Positions { get; init; }

    /// <summary>Layers.</summary>
    [Id(1)]
    public required int Layers { get; init; }

    /// <summary>KV heads of a layer.</summary>
    [Id(2)]
    public required int KvHeads { get; init; }

    /// <summary>Tokens there were when a policy last closed positions up; below, position i is not token i. 0: never.</summary>
    [Id(3)]
    public int ClosedTokens { get; init; }

    /// <summary>
    /// Bits, row-major [layers, KV heads, (Positions + 7) / 8]: bit i % 8 of byte i / 8 of a row says whether position i is kept. Empty where
    /// everything is kept.
    /// </summary>
    [Id(4)]
    public required byte[] Bits { get; init; }

    /// <summary>Whether a (layer, head) row keeps a position.</summary>
    public bool Keeps(int row, int position)
    {
        if ((uint)row >= (uint)(Layers * KvHeads) || (uint)position >= (uint)Positions)
        {
            throw new ArgumentOutOfRangeException(nameof(position), $"row {row}, position {position} of {Layers * KvHeads} rows of {Positions}");
        }

        return Bits.Length == 0 || (Bits[(row * ((Positions + 7) / 8)) + (position >> 3)] >> (position & 7) & 1) == 1;
    }
}
