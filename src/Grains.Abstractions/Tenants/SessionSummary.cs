namespace KVCluster.Grains;

/// <summary>A session as its tenant's index knows it.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.SessionSummary")]
public sealed record SessionSummary
{
    /// <summary>Its id within the tenant.</summary>
    [Id(0)]
    public required string Session { get; init; }

    /// <summary>When it was created.</summary>
    [Id(1)]
    public required DateTimeOffset Created { get; init; }

    /// <summary>When its last turn ended, as far as written: it may lag behind a lost node by a minute.</summary>
    [Id(2)]
    public required DateTimeOffset LastUsed { get; init; }

    /// <summary>Tokens of history, with the same lag.</summary>
    [Id(3)]
    public required int Tokens { get; init; }

    /// <summary>The node that last had its cache, with the same lag.</summary>
    [Id(4)]
    public required string Node { get; init; }

    /// <summary>The session it was forked from, or null.</summary>
    [Id(5)]
    public string? Parent { get; init; }
}
