using KVCluster.Compression;
using KVCluster.Compression.Pressure;
using KVCluster.Compression.Pressure.Leases;
using LeaseReport = KVCluster.Compression.Pressure.Leases.NodeReport;

namespace KVCluster.Grains;

/// <summary>
/// The allocator without its engine: the last report of each node, and from them a round at most once a period, or when a node comes that the
/// last one did not know. A node that is silent keeps its part until its report has outlived its time.
/// </summary>
internal sealed class AllocatorRounds(LeaseOptions options, TimeSpan period, TimeSpan lifetime, TimeProvider time)
{
    private const int KeptMoves = 64;

    private readonly SortedDictionary<string, (MemoryReport Report, long At)> _reports = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LeaseGrant> _grants = new(StringComparer.Ordinal);
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private readonly LinkedList<MoveOrder> _moves = [];
    private LeaseRound? _last;
    private long _lastAt;
    private long _round;

    /// <summary>Takes a report and answers with the node's lease; moves are told once.</summary>
    /// <exception cref="InvalidRequestException">The report contradicts itself.</exception>
    public LeaseGrant Report(MemoryReport report)
    {
        Check(report);
        _reports[report.Node] = (report, time.GetTimestamp());

        // An allocator that started over goes on from the rounds that nodes have seen: an earlier one would be late for them.
        _round = Math.Max(_round, report.LastRound);
        bool isDue = _last is null || time.GetElapsedTime(_lastAt) >= period || report.LastRound > _last.Round;
        if (isDue || !_grants.ContainsKey(report.Node))
        {
            Solve();
        }

        LeaseGrant grant = _grants[report.Node];
        return _told.Add(report.Node) ? grant : grant with { Moves = [] };
    }

    /// <summary>The last round.</summary>
    public AllocatorReport Status() => new()
    {
        Round = _last?.Round ?? 0,
        Grants = [.. _grants.Values.OrderBy(g => g.Node, StringComparer.Ordinal)],
        Threshold = _last is { } last && double.IsFinite(last.Threshold) ? last.Threshold : 0,
        ShortBytes = _last?.ShortBytes ?? 0,
        RecentMoves = [.. _moves],
    };

    private void Solve()
    {
        ForgetSilent();
        MemoryReport[] reports = [.. _reports.Values.Select(r => r.Report)];
        Dictionary<string, TenantPromise> promises = new(StringComparer.Ordinal);
        foreach ((string tenant, TenantPromise promise) in reports.SelectMany(r => r.Promises))
        {
            promises[tenant] = promise;
        }

        LeaseReport[] nodes = [.. reports.Select(Of)];
        _last = ByteLeases.Grant(++_round, nodes, promises.ToDictionary(p => p.Key, p => TermsOf(p.Value), StringComparer.Ordinal), options);
        _lastAt = time.GetTimestamp();
        _told.Clear();
        _grants.Clear();
        TenantLimits limits = new(nodes, promises);
        for (int i = 0; i < nodes.Length; i++)
        {
            _grants[nodes[i].Node] = Grant(_last, i, limits);
        }

        foreach (SessionMove move in _last.Moves)
        {
            _moves.AddFirst(new MoveOrder(move.From, move.To, move.Bytes));
            if (_moves.Count > KeptMoves)
            {
                _moves.RemoveLast();
            }
        }
    }

    private void ForgetSilent()
    {
        string[] silent = [.. _reports.Where(r => time.GetElapsedTime(r.Value.At) > lifetime).Select(r => r.Key)];
        foreach (string node in silent)
        {
            _reports.Remove(node);
        }
    }

    private static LeaseGrant Grant(LeaseRound round, int node, TenantLimits limits)
    {
        ByteLease lease = round.Leases[node];
        Dictionary<string, TenantGrant> tenants = new(StringComparer.Ordinal);
        foreach (string tenant in lease.Tenants.Keys.Union(limits.Tenants, StringComparer.Ordinal))
        {
            TenantLease part = lease.Tenants.TryGetValue(tenant, out TenantLease held) ? held : default;
            tenants[tenant] = new TenantGrant(part.EntitledBytes, part.GuaranteedBytes, limits.Of(node, tenant));
        }

        return new LeaseGrant
        {
            Node = lease.Node,
            Round = round.Round,
            Bytes = lease.Bytes,
            Duration = lease.Duration,
            Tenants = tenants,
            Moves = [.. round.Moves.Where(m => m.From == lease.Node).Select(m => new MoveOrder(m.From, m.To, m.Bytes))],
        };
    }

    private static LeaseReport Of(MemoryReport report) => new()
    {
        Node = report.Node,
        CapacityBytes = report.CapacityBytes,
        UsedBytes = report.UsedBytes,
        WaitingBytes = report.WaitingBytes,
        Profile = ByteProfile.OfBins(report.BytesByBin, report.FloorBytes),
        Needs = report.Needs,
    };

    private static TenantTerms TermsOf(TenantPromise promise) => new(promise.Share, promise.GuaranteedBytes);

    // One node's fault must not end every round.
    private static void Check(MemoryReport report)
    {
        try
        {
            foreach ((string tenant, TenantPromise promise) in report.Promises)
            {
                if (!(promise.Share > 0 && double.IsFinite(promise.Share)) || promise.GuaranteedBytes < 0 || promise.LimitBytes < 0)
                {
                    throw new ArgumentException($"tenant {tenant}: {promise}");
                }
            }

            var terms = report.Promises.ToDictionary(p => p.Key, p => TermsOf(p.Value), StringComparer.Ordinal);
            _ = ByteLeases.Grant(1, [Of(report)], terms, new LeaseOptions());
        }
        catch (Exception error) when (error is ArgumentException or OverflowException or PolicyException)
        {
            throw new InvalidRequestException($"node {report.Node}: its report of memory is wrong: {error.Message}");
        }
    }
}
