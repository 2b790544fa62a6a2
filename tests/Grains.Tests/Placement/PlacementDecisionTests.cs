using System.Net;
using Orleans.Runtime;

namespace KVCluster.Grains.Tests.Placement;

public sealed class PlacementDecisionTests
{
    [Fact]
    public void The_holder_of_the_cache_is_chosen_though_it_is_fuller() =>
        Assert.Equal("a", Choose("a", null, Node("a", free: 10), Node("b", free: 90)));

    [Fact]
    public void A_holder_that_drains_failed_or_left_is_not_chosen()
    {
        Assert.Equal("b", Choose("a", null, Node("a", 99, draining: true), Node("b", 1)));
        Assert.Equal("b", Choose("a", null, Node("a", 99, failure: "broken"), Node("b", 1)));
        Assert.Equal("b", Choose("a", null, Node("b", 1)));
    }

    [Fact]
    public void Without_a_holder_the_most_free_bytes_decide() =>
        Assert.Equal("b", Choose(null, null, Node("a", free: 10), Node("b", free: 90)));

    [Fact]
    public void Full_nodes_are_told_apart_by_what_they_could_give_back_and_then_by_sessions()
    {
        Assert.Equal("b", Choose(null, null, Node("a", 0, evictable: 10), Node("b", 0, evictable: 20)));
        Assert.Equal("b", Choose(null, null, Node("a", 0, resident: 5), Node("b", 0, resident: 4)));
        Assert.Equal("a", Choose(null, null, Node("b", 0), Node("a", 0)));
    }

    [Fact]
    public void Nodes_whose_caches_were_cut_are_told_apart_by_what_they_would_take_whole() =>
        Assert.Equal("b", Choose(null, null, Node("a", free: 30, whole: 4000), Node("b", free: 20, whole: 3000)));

    [Fact]
    public void A_burst_spreads_before_the_next_report()
    {
        Dictionary<string, int> placed = [];
        for (int i = 0; i < 64; i++)
        {
            string chosen = Choose(null, placed, Node("a", 100), Node("b", 100))!;
            placed[chosen] = placed.GetValueOrDefault(chosen) + 1;
        }

        Assert.Equal(32, placed["a"]);
    }

    [Fact]
    public void Where_nobody_takes_turns_nobody_is_chosen()
    {
        Assert.Null(Choose(null, null, Node("a", 1, draining: true)));
        Assert.Null(Choose(null, null, Node("gateway", 1) with { Devices = [] }));
        Assert.Null(Choose(null, null));
    }

    private static string? Choose(string? holder, Dictionary<string, int>? placed, params NodeReport[] nodes) =>
        PlacementDecision.Choose(nodes, holder, node => placed?.GetValueOrDefault(node) ?? 0)?.Node;

    private static NodeReport Node(
        string name, long free, long evictable = 0, int resident = 0, long whole = 0, bool draining = false, string? failure = null) => new()
        {
            Node = name,
            Address = SiloAddress.New(IPAddress.Loopback, 1, 1),
            Devices =
            [
                new DeviceReport
                {
                    Device = "cpu:0",
                    Model = "m",
                    TotalBytes = 1000,
                    FreeBytes = free,
                    EvictableBytes = evictable,
                    WholeBytes = whole,
                    PinnedBytes = 1000 - free - evictable,
                    Resident = resident,
                    Running = 0,
                    Waiting = 0,
                    IsDraining = draining,
                    Failure = failure,
                },
            ],
        };
}
