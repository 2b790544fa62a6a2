namespace KVCluster.Grains;

/// <inheritdoc cref="ITenantIndexGrain"/>
[StatelessWorker]
internal sealed class TenantIndexGrain : Grain, ITenantIndexGrain
{
    private const int LargestPage = 1000;

    /// <inheritdoc/>
    public async Task<SessionPage> List(string? after, int count, CancellationToken cancellationToken)
    {
        if (count is < 1 or > LargestPage)
        {
            throw new InvalidRequestException($"a page has 1 to {LargestPage} sessions, not {count}");
        }

        // One more than a page of each: all the page can be of, and whether anything follows it.
        SessionSummary[][] parts = await Task.WhenAll(Parts().Select(part => part.List(after, count + 1, cancellationToken)));
        SessionSummary[] all = [.. parts
            .SelectMany(part => part).OrderBy(session => session.Session, StringComparer.Ordinal).Take(count + 1)];
        return all.Length > count ? new SessionPage(all[..count], all[count - 1].Session) : new SessionPage(all, null);
    }

    /// <inheritdoc/>
    public async Task<int> Count(CancellationToken cancellationToken) =>
        (await Task.WhenAll(Parts().Select(part => part.Count(cancellationToken)))).Sum();

    private IEnumerable<ITenantIndexPartGrain> Parts()
    {
        string tenant = this.GetPrimaryKeyString();
        return SessionId.IsValid(tenant)
            ? Enumerable.Range(0, TenantParts.Count)
                .Select(part => GrainFactory.GetGrain<ITenantIndexPartGrain>(TenantParts.Key(tenant, part)))
            : throw new InvalidRequestException($"tenant id '{tenant}' is not valid");
    }
}
