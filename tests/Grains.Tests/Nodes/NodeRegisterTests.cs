using System.Net;
using Orleans.Runtime;

namespace KVCluster.Grains.Tests.Nodes;

public sealed class NodeRegisterTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void A_silent_node_is_forgotten_and_one_that_reports_again_is_not()
    {
        NodeRegister nodes = Register("b", "a");
        _time.Advance(TimeSpan.FromSeconds(9));
        nodes.Report(Report("b"));
        Assert.Equal(["a", "b"], nodes.Live().Select(node => node.Node));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(["b"], nodes.Live().Select(node => node.Node));
    }

    [Fact]
    public void A_node_that_left_is_gone_at_once()
    {
        NodeRegister nodes = Register("a", "b");
        nodes.Leave("a");
        Assert.Equal(["b"], nodes.Live().Select(node => node.Node));
    }

    [Fact]
    public void A_jump_of_the_date_drops_nobody()
    {
        NodeRegister nodes = Register("a");
        _time.SetDate(_time.GetUtcNow().AddYears(5));
        Assert.Single(nodes.Live());
        _time.SetDate(_time.GetUtcNow().AddYears(-20));
        Assert.Single(nodes.Live());
    }

    private NodeRegister Register(params string[] names)
    {
        var nodes = new NodeRegister(TimeSpan.FromSeconds(10), _time);
        foreach (string name in names)
        {
            nodes.Report(Report(name));
        }

        return nodes;
    }

    private static NodeReport Report(string name) =>
        new() { Node = name, Address = SiloAddress.New(IPAddress.Loopback, 1, 1), Devices = [] };
}
