namespace KVCluster.Compression.Policies;

/// <summary>Parameters of CurDKV.</summary>
public sealed record CurParameters : PolicyParameters
{
    /// <summary>The first tokens that stay.</summary>
    public int Sinks { get; init; } = 4;

    /// <summary>Whose leverage counts.</summary>
    public CurLeverage Leverage { get; init; } = CurLeverage.KvProduct;

    /// <summary>Slots a window within which leverages are normalised; 0: over all.</summary>
    public int LocalWindow { get; init; } = 16;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireNotNegative(Sinks, nameof(Sinks));
        RequireNotNegative(LocalWindow, nameof(LocalWindow));
    }
}

/// <summary>What CurDKV takes for a token's leverage.</summary>
public enum CurLeverage
{
    /// <summary>The key's times the value's.</summary>
    KvProduct,

    /// <summary>The mean of the key's and the value's.</summary>
    KvMean,

    /// <summary>The key's.</summary>
    Key,

    /// <summary>The value's.</summary>
    Value,
}
