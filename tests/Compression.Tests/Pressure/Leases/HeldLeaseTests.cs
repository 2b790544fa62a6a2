using KVCluster.Compression.Pressure.Leases;

namespace KVCluster.Compression.Tests.Pressure.Leases;

public sealed class HeldLeaseTests
{
    private static readonly HeldLease _none = new("a", 1000);

    [Fact]
    public void Before_the_first_lease_a_node_has_its_size()
    {
        Assert.Equal(1000, _none.LimitBytes);
        Assert.False(_none.IsLive(TimeSpan.Zero));
        Assert.Equal(default, _none.Of("t"));
    }

    [Fact]
    public void A_lease_that_ran_out_still_sets_the_limit()
    {
        HeldLease held = _none.Accept(Lease(1, 400), TimeSpan.FromSeconds(100));
        Assert.True(held.IsLive(TimeSpan.FromSeconds(109)));
        Assert.False(held.IsLive(TimeSpan.FromSeconds(110)));
        Assert.Equal(400, held.LimitBytes);
        Assert.Equal(new TenantLease(300, 50), held.Of("t"));
    }

    [Fact]
    public void A_late_lease_is_ignored()
    {
        HeldLease held = _none.Accept(Lease(5, 400), TimeSpan.Zero).Accept(Lease(4, 900), TimeSpan.Zero);
        Assert.Equal(400, held.LimitBytes);
        Assert.Equal(600, held.Accept(Lease(6, 600), TimeSpan.Zero).LimitBytes);
    }

    [Fact]
    public void A_lease_beyond_the_size_or_of_another_node_changes_nothing()
    {
        Assert.Equal(1000, _none.Accept(Lease(1, 5000), TimeSpan.Zero).LimitBytes);
        Assert.Null(_none.Accept(Lease(1, 10) with { Node = "b" }, TimeSpan.Zero).Last);
    }

    private static ByteLease Lease(long round, long bytes) => new()
    {
        Node = "a",
        Round = round,
        Bytes = bytes,
        Tenants = new Dictionary<string, TenantLease> { ["t"] = new(300, 50) },
        Duration = TimeSpan.FromSeconds(10),
    };
}
