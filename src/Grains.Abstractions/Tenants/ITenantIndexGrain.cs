namespace KVCluster.Grains;

/// <summary>
/// A tenant's sessions. Key: the tenant's id. It spreads its work over a fixed number of <see cref="ITenantIndexPartGrain"/>.
/// </summary>
[Alias("KVCluster.ITenantIndexGrain")]
public interface ITenantIndexGrain : IGrainWithStringKey
{
    /// <summary>A page of the sessions that are not closed, by id in ordinal order.</summary>
    /// <param name="after">The last id of the page before; null: from the start.</param>
    /// <param name="count">Most sessions of a page, 1 to 1000.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="InvalidRequestException">The tenant's id, or a number, is wrong.</exception>
    [Alias("List")]
    Task<SessionPage> List(string? after, int count, CancellationToken cancellationToken = default);

    /// <summary>How many sessions there are that are not closed.</summary>
    /// <exception cref="InvalidRequestException">The tenant's id is wrong.</exception>
    [Alias("Count")]
    Task<int> Count(CancellationToken cancellationToken = default);
}
