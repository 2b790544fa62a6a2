using KVCluster.Storage.Blobs;

namespace KVCluster.Storage.Directories;

/// <summary>
/// Bytes and entries of each owner's folder, each tenant and in all, against the budgets. Room is taken before anything is written. Files that
/// others took away leave the sums when their folder is counted again.
/// </summary>
internal sealed class BlobLedger(BlobBudget budget)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, BlobUsage> _tenants = [];
    private readonly Dictionary<string, Account> _accounts = [];
    private BlobUsage _total;

    public BlobStatistics Statistics()
    {
        lock (_gate)
        {
            return new BlobStatistics { Total = _total, Tenants = new Dictionary<string, BlobUsage>(_tenants), Budget = budget };
        }
    }

    /// <summary>Folders something is counted of.</summary>
    public IReadOnlyList<string> Folders()
    {
        lock (_gate)
        {
            return [.. _accounts.Keys];
        }
    }

    /// <summary>Around every change of a folder's files: while one is under way what is on the disk and what is counted need not agree.</summary>
    public IDisposable Changing(string folder, string tenant)
    {
        lock (_gate)
        {
            Account account = AccountOf(folder, tenant);
            account.Changing++;
            account.Version++;
            return new Change(this, folder, account);
        }
    }

    /// <summary>Takes room for a new entry, if there is some.</summary>
    public bool TryAdd(string folder, string tenant, long bytes, bool manifest)
    {
        lock (_gate)
        {
            if (bytes > budget.TotalBytes - _total.Bytes || bytes > budget.BytesOf(tenant) - Of(tenant).Bytes)
            {
                return false;
            }

            Add(folder, AccountOf(folder, tenant), Entry(bytes, manifest));
            return true;
        }
    }

    /// <summary>Gives an entry's room back.</summary>
    public void Remove(string folder, string tenant, long bytes, bool manifest)
    {
        lock (_gate)
        {
            BlobUsage entry = Entry(bytes, manifest);
            Add(folder, AccountOf(folder, tenant), new BlobUsage(-entry.Bytes, -entry.Frames, -entry.Manifests));
        }
    }

    /// <summary>Counts what a folder really holds, budget or not; a change meanwhile leaves it as it is, for the next time.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="tenant">Whose it is; null: whose it was, if anything is counted of it.</param>
    /// <param name="look">Looks at the disk.</param>
    public void Recount(string folder, string? tenant, Func<BlobUsage> look)
    {
        Account? account;
        long version;
        lock (_gate)
        {
            account = tenant is null ? _accounts.GetValueOrDefault(folder) : AccountOf(folder, tenant);
            if (account is null)
            {
                return;
            }

            version = account.Version;
        }

        BlobUsage held = look();
        lock (_gate)
        {
            if (account.Changing == 0 && account.Version == version && ReferenceEquals(_accounts.GetValueOrDefault(folder), account))
            {
                BlobUsage counted = account.Usage;
                Add(folder, account, new BlobUsage(held.Bytes - counted.Bytes, held.Frames - counted.Frames, held.Manifests - counted.Manifests));
            }
        }
    }

    private static BlobUsage Entry(long bytes, bool manifest) => new(bytes, manifest ? 0 : 1, manifest ? 1 : 0);

    private static BlobUsage Sum(BlobUsage a, BlobUsage b) => new(a.Bytes + b.Bytes, a.Frames + b.Frames, a.Manifests + b.Manifests);

    private BlobUsage Of(string tenant) => _tenants.GetValueOrDefault(tenant);

    private Account AccountOf(string folder, string tenant)
    {
        if (!_accounts.TryGetValue(folder, out Account? account))
        {
            _accounts[folder] = account = new Account(tenant);
        }

        return account;
    }

    private void Add(string folder, Account account, BlobUsage change)
    {
        account.Usage = Sum(account.Usage, change);
        _total = Sum(_total, change);
        BlobUsage own = Sum(Of(account.Tenant), change);
        if (own == default)
        {
            _tenants.Remove(account.Tenant);
        }
        else
        {
            _tenants[account.Tenant] = own;
        }

        Forget(folder, account);
    }

    private void Forget(string folder, Account account)
    {
        if (account.Changing == 0 && account.Usage == default)
        {
            _accounts.Remove(folder);
        }
    }

    private sealed class Account(string tenant)
    {
        public string Tenant { get; } = tenant;

        public BlobUsage Usage { get; set; }

        /// <summary>Changes under way.</summary>
        public int Changing { get; set; }

        /// <summary>Changes begun so far.</summary>
        public long Version { get; set; }
    }

    private sealed class Change(BlobLedger ledger, string folder, Account account) : IDisposable
    {
        public void Dispose()
        {
            lock (ledger._gate)
            {
                account.Changing--;
                ledger.Forget(folder, account);
            }
        }
    }
}
