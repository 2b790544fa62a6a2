namespace KVCluster.Silo.Planning;

/// <summary>What a cluster needs. Bytes unless the name says otherwise.</summary>
internal sealed record ClusterPlan
{
    public required string Model { get; init; }

    /// <summary>One slot of all layers and heads, keys and values.</summary>
    public required long BytesPerToken { get; init; }

    public required long PageBytes { get; init; }

    public required long WeightBytes { get; init; }

    public required long WorkspaceBytes { get; init; }

    /// <summary>The arena of a node: the setting Model:ArenaBytes.</summary>
    public required long ArenaBytes { get; init; }

    /// <summary>Above it caches are cut or leave.</summary>
    public required long HighWatermarkBytes { get; init; }

    /// <summary>Until here.</summary>
    public required long LowWatermarkBytes { get; init; }

    /// <summary>Of the high watermark, what sessions held whole take beyond their cut size.</summary>
    public required long WholeBytes { get; init; }

    public required IReadOnlyList<TenantPlan> Tenants { get; init; }

    /// <summary>Sessions on devices at once.</summary>
    public required int HotSessions { get; init; }

    /// <summary>Hot sessions of the fullest node.</summary>
    public required int SessionsPerNode { get; init; }

    /// <summary>Nodes for the load, without spare ones.</summary>
    public required int NodesNeeded { get; init; }

    /// <summary>Nodes with spare ones.</summary>
    public required int Nodes { get; init; }

    public required RedisPlan Volatile { get; init; }

    public required RedisPlan Durable { get; init; }
}

/// <summary>One tenant's part.</summary>
internal sealed record TenantPlan
{
    public required string Tenant { get; init; }

    public required int Sessions { get; init; }

    public required int Tokens { get; init; }

    public required double Keep { get; init; }

    /// <summary>A session as computed.</summary>
    public required long WholeBytes { get; init; }

    /// <summary>Slots a head after the cut.</summary>
    public required int KeptSlots { get; init; }

    /// <summary>A session after the cut.</summary>
    public required long KeptBytes { get; init; }

    /// <summary>Its hot sessions after the cut, over all nodes: what to guarantee it.</summary>
    public required long HotBytes { get; init; }

    /// <summary>Its cold copies: the setting Cold:TenantBudgetBytes.</summary>
    public required long ColdBytes { get; init; }
}

/// <summary>What one of the two Redis roles needs.</summary>
internal sealed record RedisPlan
{
    /// <summary>Bytes of what is kept.</summary>
    public required long DataBytes { get; init; }

    /// <summary>Memory to give the server: the data and what it needs besides.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Written a second, on average.</summary>
    public required double WriteBytesPerSecond { get; init; }

    /// <summary>Read a second, on average.</summary>
    public required double ReadBytesPerSecond { get; init; }

    /// <summary>A second, while one node hands its caches over or takes another's.</summary>
    public required double PeakBytesPerSecond { get; init; }
}
