using KVCluster.Compression.Pressure;
using KVCluster.Compression.Pressure.Leases;

namespace KVCluster.Compression.Tests.Pressure.Leases;

public sealed class ByteLeasesTests
{
    private static readonly Dictionary<string, TenantTerms> _noTerms = [];
    private static readonly LeaseOptions _options = new() { MostMoved = 1 };

    [Fact]
    public void Every_node_is_lent_its_size_where_the_cluster_has_no_budget_of_its_own()
    {
        LeaseRound round = ByteLeases.Grant(1, [Node("a", 4, 1.3), Node("b", 9, 3)], _noTerms, _options);
        Assert.All(round.Leases, lease => Assert.True(lease.Bytes > 0));
        Assert.Equal(Node("a", 4, 1.3).CapacityBytes, round.Leases[0].Bytes);
        Assert.Equal(4, round.Messages);
    }

    [Fact]
    public void A_cluster_budget_is_shared_by_need_and_never_exceeded()
    {
        NodeReport busy = Node("busy", 20, 1);
        NodeReport calm = Node("calm", 2, 10);
        long budget = (busy.CapacityBytes + calm.CapacityBytes) / 2;
        LeaseRound round = ByteLeases.Grant(1, [busy, calm], _noTerms, _options with { ClusterBytes = budget });
        Assert.InRange(round.Leases.Sum(l => l.Bytes), budget - 4, budget);
        Assert.True(round.Leases[0].Bytes > round.Leases[1].Bytes);
        Assert.All(round.Leases.Zip(new[] { busy, calm }), pair => Assert.InRange(pair.First.Bytes, 0, pair.Second.CapacityBytes));
    }

    [Fact]
    public void Moves_go_from_nodes_that_are_short_to_nodes_that_are_not()
    {
        NodeReport[] nodes = [Node("hot", 30, 1.05), Node("cold", 2, 20), Node("other", 2, 20)];
        LeaseRound round = ByteLeases.Grant(1, nodes, _noTerms, _options);
        Assert.NotEmpty(round.Moves);
        Assert.All(round.Moves, move => Assert.Equal("hot", move.From));
        Assert.True(round.Moves.Count < nodes.Length);
        Assert.True(round.ShortBytes > 0);
        Assert.InRange(round.Moves.Sum(m => m.Bytes), 1, round.ShortBytes);
    }

    [Fact]
    public void Nothing_moves_where_all_are_alike()
    {
        NodeReport[] nodes = [.. Enumerable.Range(0, 10).Select(i => Node("same", 10, 1.2) with { Node = $"n{i}" })];
        Assert.Empty(ByteLeases.Grant(1, nodes, _noTerms, _options).Moves);
    }

    [Fact]
    public void A_node_sends_and_takes_no_more_a_round_than_allowed()
    {
        NodeReport hot = Node("hot", 30, 1.01) with { WaitingBytes = 1L << 30 };
        NodeReport[] nodes = [hot, Node("cold", 30, 5), Node("cool", 30, 5)];
        LeaseRound round = ByteLeases.Grant(1, nodes, _noTerms, _options with { MostMoved = 0.1 });
        Assert.InRange(round.Moves.Sum(m => m.Bytes), 1, (long)(0.1 * hot.CapacityBytes));
    }

    [Fact]
    public void Tenants_share_by_need_with_their_guarantees()
    {
        NodeReport node = Node("a", 10, 1) with { Needs = new Dictionary<string, long> { ["gold"] = 600_000, ["plain"] = 4_000_000, ["small"] = 1000 } };
        node = node with { CapacityBytes = 1_000_000 };
        Dictionary<string, TenantTerms> terms = new() { ["gold"] = new TenantTerms(1, 550_000) };
        IReadOnlyDictionary<string, TenantLease> tenants = ByteLeases.Grant(1, [node], terms, _options).Leases[0].Tenants;
        Assert.InRange(tenants["gold"].EntitledBytes, 550_000, 600_000);
        Assert.Equal(550_000, tenants["gold"].GuaranteedBytes);
        Assert.InRange(tenants["small"].EntitledBytes, 999, 1000);
        Assert.True(tenants.Values.Sum(t => t.EntitledBytes) <= 1_000_000);
        Assert.True(tenants["plain"].EntitledBytes > 400_000);
    }

    [Fact]
    public void A_guarantee_is_spread_as_the_needs_are()
    {
        NodeReport a = Node("a", 10, 1) with { CapacityBytes = 500_000, Needs = new Dictionary<string, long> { ["gold"] = 300_000, ["x"] = 900_000 } };
        NodeReport b = Node("b", 10, 1) with { CapacityBytes = 500_000, Needs = new Dictionary<string, long> { ["gold"] = 100_000, ["x"] = 900_000 } };
        Dictionary<string, TenantTerms> terms = new() { ["gold"] = new TenantTerms(1, 200_000) };
        LeaseRound round = ByteLeases.Grant(1, [a, b], terms, _options);
        Assert.Equal(150_000, round.Leases[0].Tenants["gold"].GuaranteedBytes);
        Assert.Equal(50_000, round.Leases[1].Tenants["gold"].GuaranteedBytes);
    }

    [Fact]
    public void Faulty_reports_and_terms_are_named()
    {
        NodeReport node = Node("a", 3, 1);
        Assert.Contains("node a reported twice", Assert.Throws<ArgumentException>(() => ByteLeases.Grant(1, [node, node], _noTerms, _options)).Message);
        Assert.Contains("node a", Assert.Throws<ArgumentException>(() => ByteLeases.Grant(1, [node with { UsedBytes = -1 }], _noTerms, _options)).Message);
        NodeReport needy = node with { Needs = new Dictionary<string, long> { ["t"] = 5 } };
        Dictionary<string, TenantTerms> terms = new() { ["t"] = new TenantTerms(0) };
        Assert.Contains("tenant t", Assert.Throws<PolicyException>(() => ByteLeases.Grant(1, [needy], terms, _options)).Message);
        Assert.Throws<PolicyException>(() => ByteLeases.Grant(1, [node], _noTerms, _options with { Fill = 0 }));
    }

    [Fact]
    public void No_nodes_no_leases() => Assert.Empty(ByteLeases.Grant(1, [], _noTerms, _options).Leases);

    // A node that holds the given number of sessions, and is so many times as large as they are.
    private static NodeReport Node(string name, int sessions, double size)
    {
        WeightedProfile[] parts = [.. Enumerable.Range(0, sessions).Select(i => new WeightedProfile(Histograms.Session(i + name.Length).Profile, 1))];
        ByteProfile profile = ByteProfile.Sum(parts);
        return new NodeReport
        {
            Node = name,
            CapacityBytes = (long)(size * profile.TotalBytes),
            UsedBytes = profile.TotalBytes,
            Profile = profile,
        };
    }
}
