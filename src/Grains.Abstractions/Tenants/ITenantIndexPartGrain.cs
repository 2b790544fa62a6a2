namespace KVCluster.Grains;

/// <summary>
/// A part of a tenant's index, and the directory of where its sessions' caches are. Key: "tenant/part" (<see cref="TenantParts"/>). Which
/// sessions there are is durable; where they are and when they were used is written at times, not with each turn.
/// </summary>
[Alias("KVCluster.ITenantIndexPartGrain")]
public interface ITenantIndexPartGrain : IGrainWithStringKey
{
    /// <summary>Adds a session; durable when it returns. Added again it is updated.</summary>
    [Alias("Add")]
    Task Add(SessionSummary session, CancellationToken cancellationToken = default);

    /// <summary>Updates a session after a turn, in memory; adds it where an <see cref="Add"/> was lost.</summary>
    [Alias("Touch"), OneWay]
    Task Touch(SessionSummary session, CancellationToken cancellationToken = default);

    /// <summary>Removes a session; durable when it returns.</summary>
    [Alias("Remove")]
    Task Remove(string session, CancellationToken cancellationToken = default);

    /// <summary>The node that last had a session's cache; null where none is known.</summary>
    [Alias("Locate")]
    Task<string?> Locate(string session, CancellationToken cancellationToken = default);

    /// <summary>At most <paramref name="count"/> sessions behind <paramref name="after"/>, by id in ordinal order.</summary>
    [Alias("List")]
    Task<SessionSummary[]> List(string? after, int count, CancellationToken cancellationToken = default);

    /// <summary>How many there are.</summary>
    [Alias("Count")]
    Task<int> Count(CancellationToken cancellationToken = default);
}
