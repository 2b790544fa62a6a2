using KVCluster.Compression.Pressure.Leases;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Grains.Tests.Pressure;

/// <summary>The allocator without an engine.</summary>
public sealed class AllocatorRoundsTests
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);
    private readonly ManualTime _time = new();

    [Fact]
    public void A_node_is_lent_its_size_and_tenants_their_parts()
    {
        AllocatorRounds rounds = Rounds();
        LeaseGrant grant = rounds.Report(Report("a", used: 50, needs: [("x", 30), ("y", 20)], promises: [("x", new(1, 10, 40))]));
        Assert.Equal(("a", 1L, 100L), (grant.Node, grant.Round, grant.Bytes));
        Assert.Equal(new TenantGrant(30, 10, 40), grant.Tenants["x"]);
        Assert.Equal(new TenantGrant(20, 0, null), grant.Tenants["y"]);
        Assert.Empty(grant.Moves);
    }

    [Fact]
    public void A_round_is_made_once_a_period_and_when_an_unknown_node_comes()
    {
        AllocatorRounds rounds = Rounds();
        Assert.Equal(1, rounds.Report(Report("a")).Round);
        Assert.Equal(2, rounds.Report(Report("b")).Round);
        Assert.Equal(2, rounds.Report(Report("a", lastRound: 1)).Round);
        _time.Advance(Period);
        Assert.Equal(3, rounds.Report(Report("a", lastRound: 2)).Round);
        Assert.Equal(3, rounds.Report(Report("b", lastRound: 2)).Round);
        Assert.Equal(["a", "b"], rounds.Status().Grants.Select(g => g.Node));
    }

    [Fact]
    public void A_node_that_is_short_is_told_once_to_move_to_one_that_has_room()
    {
        AllocatorRounds rounds = Rounds();
        rounds.Report(Report("roomy", used: 5));
        LeaseGrant told = rounds.Report(Report("short", used: 100, waiting: 60));
        MoveOrder move = Assert.Single(told.Moves);
        Assert.Equal(("short", "roomy"), (move.From, move.To));
        Assert.InRange(move.Bytes, 1, 50);
        Assert.Empty(rounds.Report(Report("short", used: 100, waiting: 60, lastRound: told.Round)).Moves);
        Assert.Empty(rounds.Report(Report("roomy", used: 5)).Moves);
        Assert.Equal([move], rounds.Status().RecentMoves);
        Assert.True(rounds.Status().ShortBytes > 0);
    }

    [Fact]
    public void One_that_starts_over_goes_on_from_the_rounds_nodes_have_seen()
    {
        AllocatorRounds rounds = Rounds();
        LeaseGrant grant = rounds.Report(Report("a", lastRound: 41));
        Assert.Equal(42, grant.Round);

        // Another node has seen more: its lease must not look late to it.
        Assert.Equal(71, rounds.Report(Report("b", lastRound: 70)).Round);
    }

    [Fact]
    public void A_silent_nodes_part_stays_its_own_until_its_report_has_outlived_its_time()
    {
        AllocatorRounds rounds = Rounds(new LeaseOptions { ClusterBytes = 100 });
        rounds.Report(Report("a", used: 60));
        rounds.Report(Report("b", used: 60));
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.InRange(rounds.Report(Report("a", used: 60)).Bytes, 40, 60);
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(100, rounds.Report(Report("a", used: 60)).Bytes);
        Assert.Equal(["a"], rounds.Status().Grants.Select(g => g.Node));
    }

    [Fact]
    public void Parts_of_a_tenants_limit_add_up_to_it_and_follow_its_needs()
    {
        AllocatorRounds rounds = Rounds();
        (string, TenantPromise)[] promises = [("x", new(1, 0, 60))];
        rounds.Report(Report("a", used: 40, needs: [("x", 40)], promises: promises));
        LeaseGrant b = rounds.Report(Report("b", used: 10, needs: [("x", 10)], promises: promises));
        LeaseGrant a = rounds.Report(Report("a", used: 40, needs: [("x", 40)], promises: promises));
        Assert.Equal((45L, 15L), (a.Tenants["x"].LimitBytes, b.Tenants["x"].LimitBytes));
        _time.Advance(Period);
        a = rounds.Report(Report("a", used: 90, needs: [("x", 90)], promises: promises));
        b = rounds.Report(Report("b", used: 10, needs: [("x", 10)], promises: promises));
        Assert.Equal((50L, 10L), (a.Tenants["x"].LimitBytes, b.Tenants["x"].LimitBytes));
    }

    [Fact]
    public void A_report_that_contradicts_itself_is_refused_and_the_others_rounds_go_on()
    {
        AllocatorRounds rounds = Rounds();
        rounds.Report(Report("a"));
        var error = Assert.Throws<InvalidRequestException>(() => rounds.Report(Report("b", used: -1)));
        Assert.Contains("node b", error.Message);
        Assert.Throws<InvalidRequestException>(() => rounds.Report(Report("b") with { BytesByBin = new long[10_000] }));
        Assert.Throws<InvalidRequestException>(() => rounds.Report(Report("b", promises: [("x", new(0, 0, null))])));
        _time.Advance(Period);
        Assert.Equal(2, rounds.Report(Report("a")).Round);
    }

    [Fact]
    public void Sessions_are_chosen_as_far_as_order_and_target_have_room_and_none_twice()
    {
        MovableSession[] movable = [Movable("a", 40), Movable("b", 30), Movable("c", 20), Movable("d", 10)];
        MoveOrder[] orders = [new("n", "x", 60), new("n", "y", 50), new("n", "gone", 50)];
        NodeReport[] nodes = [Node("x", free: 225 + 45), Node("y", free: 1000)];
        Assert.Equal(
            [("a", "x"), ("b", "y"), ("c", "y")],
            SessionMover.Choose(orders, movable, nodes).Select(c => (c.Session.Session.Session, c.Node)));
        Assert.Empty(SessionMover.Choose(orders, movable, []));

        // None is so small: one goes, if the target has room for it.
        Assert.Equal(["a"], SessionMover.Choose([new("n", "y", 5)], movable, nodes).Select(c => c.Session.Session.Session));
        Assert.Empty(SessionMover.Choose([new("n", "x", 5)], movable[..1], [Node("x", free: 225 + 30)]));
    }

    private static MovableSession Movable(string session, long bytes) => new(new SessionKey("t", session), bytes);

    private static NodeReport Node(string name, long free) => new()
    {
        Node = name,
        Address = null!,
        Devices = [new DeviceReport { Device = "cpu:0", Model = "m", TotalBytes = 1000, FreeBytes = free, EvictableBytes = 0, PinnedBytes = 0, Resident = 0, Running = 0, Waiting = 0 }],
    };

    private static MemoryReport Report(
        string node, long used = 0, long waiting = 0, (string, long)[]? needs = null, (string, TenantPromise)[]? promises = null, long lastRound = 0) => new()
        {
            Node = node,
            CapacityBytes = 100,
            UsedBytes = used,
            WaitingBytes = waiting,
            FloorBytes = Math.Max(0, used),
            BytesByBin = [],
            Needs = (needs ?? []).ToDictionary(n => n.Item1, n => n.Item2),
            Promises = (promises ?? []).ToDictionary(p => p.Item1, p => p.Item2),
            LastRound = lastRound,
        };

    private AllocatorRounds Rounds(LeaseOptions? options = null) => new(options ?? new LeaseOptions(), Period, TimeSpan.FromSeconds(30), _time);
}
