using KVCluster.Storage.Blobs;

namespace KVCluster.Storage.Redis.Blobs;

/// <summary>
/// What a store holds, by entry, tenant and in all, in one place of the server. An entry is added before its blob is written and taken off
/// after it is gone, so the sums are never too small; what a crash leaves behind, or the server evicts, leaves them when it is due.
/// </summary>
internal sealed class BlobLedger(RedisClient client, BlobKeys keys, BlobBudget budget, TimeSpan timeToLive)
{
    /// <summary>An entry outlives its blob by this: the blob is written a moment after it.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(10);

    private const int IndexPage = 500;

    private readonly RedisArgument _entryEnd = (long)(timeToLive + Slack).TotalMilliseconds;
    private readonly RedisArgument _ledgerEnd = (long)(timeToLive + (2 * Slack)).TotalMilliseconds;

    /// <summary>Counts a blob that is to be written to live so long; false where a budget is spent.</summary>
    public async Task<bool> TryAddAsync(string entry, string tenant, long bytes, TimeSpan life, CancellationToken cancellationToken)
    {
        RedisArgument end = (long)(life + Slack).TotalMilliseconds;
        RedisArgument[] arguments = [entry, bytes, end, _ledgerEnd, budget.TotalBytes, budget.BytesOf(tenant)];
        return (await LedgerScripts.Add.RunAsync(client, keys.Ledger, arguments, cancellationToken).ConfigureAwait(false)).Integer == 1;
    }

    /// <summary>Takes blobs off that are gone; entries there are none of are passed over.</summary>
    public async Task RemoveAsync(IReadOnlyList<string> entries, CancellationToken cancellationToken)
    {
        if (entries.Count > 0)
        {
            RedisArgument[] arguments = [.. entries.Select(e => (RedisArgument)e)];
            await LedgerScripts.Remove.RunAsync(client, keys.Ledger, arguments, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Counts blobs for another whole time to live.</summary>
    public async Task RenewAsync(IReadOnlyList<string> entries, CancellationToken cancellationToken)
    {
        RedisArgument[] arguments = [_entryEnd, _ledgerEnd, .. entries.Select(e => (RedisArgument)e)];
        await LedgerScripts.Renew.RunAsync(client, keys.Ledger, arguments, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The sums.</summary>
    public async Task<BlobStatistics> StatisticsAsync(CancellationToken cancellationToken)
    {
        RespValue sums = await LedgerScripts.Usage.RunAsync(client, keys.Ledger, [], cancellationToken).ConfigureAwait(false);
        var usage = new Dictionary<string, BlobUsage>();
        for (int i = 0; i + 1 < sums.Items.Count; i += 2)
        {
            string field = sums.Items[i].Text;
            long value = sums.Items[i + 1].Integer;
            string tenant = field[2..];
            BlobUsage before = usage.GetValueOrDefault(tenant);
            usage[tenant] = field[0] switch
            {
                'b' => before with { Bytes = value },
                'f' => before with { Frames = value },
                _ => before with { Manifests = value },
            };
        }

        usage.Remove(BlobKeys.AllTenants, out BlobUsage total);
        return new BlobStatistics
        {
            Total = total,
            Tenants = usage.ToDictionary(u => Uri.UnescapeDataString(u.Key), u => u.Value),
            Budget = budget,
        };
    }

    /// <summary>
    /// A page of the index of owners, in the order of names, behind <paramref name="after"/>; fewer than asked for is the end.
    /// </summary>
    /// <param name="tenant">Of this tenant alone, or null.</param>
    /// <param name="after">The last name of the page before; null begins.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public async Task<(IReadOnlyList<string> Names, bool IsLast)> IndexAsync(
        string? tenant, string? after, CancellationToken cancellationToken)
    {
        // '0' follows '/': the range holds every name that begins with "tenant/".
        string escaped = tenant is null ? "" : BlobKeys.Escape(tenant);
        string first = after is not null ? $"({after}" : tenant is null ? "-" : $"[{escaped}/";
        string last = tenant is null ? "+" : $"({escaped}0";
        var command = new RedisCommand("ZRANGEBYLEX", keys.Ledger[3], first, last, "LIMIT", 0, IndexPage);
        RespValue names = await client.ExecuteAsync(command, cancellationToken).ConfigureAwait(false);
        return ([.. names.Items.Select(n => n.Text)], names.Items.Count < IndexPage);
    }

    /// <summary>
    /// Owners by when their manifests expire, the soonest first: every use starts the time to live again, so that is the order of last uses.
    /// </summary>
    public async Task<IReadOnlyList<SnapshotOwner>> SoonestDueAsync(string? tenant, int count, CancellationToken cancellationToken)
    {
        string begins = tenant is null ? "m/" : $"m/{BlobKeys.Escape(tenant)}/";
        var owners = new List<SnapshotOwner>();
        for (long first = 0; owners.Count < count; first += IndexPage)
        {
            var command = new RedisCommand("ZRANGE", keys.Ledger[0], first, first + IndexPage - 1);
            RespValue entries = await client.ExecuteAsync(command, cancellationToken).ConfigureAwait(false);
            owners.AddRange(entries.Items.Select(e => e.Text)
                .Where(e => e.StartsWith(begins, StringComparison.Ordinal))
                .Select(e => BlobKeys.Owner(e[2..])));
            if (entries.Items.Count < IndexPage)
            {
                break;
            }
        }

        return [.. owners.Distinct().Take(count)];
    }
}
