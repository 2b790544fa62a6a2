using KVCluster.Engine.Conformance.Cluster;
using KVCluster.Engine.Conformance.Grains;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.Cases;

public sealed class ContextCases : ConformanceCase
{
    [Fact]
    public async Task The_request_context_flows_from_call_to_call()
    {
        var cluster = await StartAsync(new ConformanceOptions { Silos = 2 });
        RequestContext.Set("key", "value");

        Assert.Equal("value", await Soon(Get<IContextGrain>(cluster).Read("key")));
        Assert.Equal("value", await Soon(Get<IContextGrain>(cluster).ReadThrough(NewKey(), "key")));
    }

    [Fact]
    public async Task What_a_callee_sets_does_not_flow_back()
    {
        var cluster = await StartAsync();
        await Soon(Get<IContextGrain>(cluster).SetHere("key", "of the callee"));

        Assert.Null(RequestContext.Get("key"));
    }

    [Fact]
    public async Task What_one_call_sets_the_next_does_not_see()
    {
        var cluster = await StartAsync();
        var grain = Get<IContextGrain>(cluster);
        await Soon(Task.WhenAll(grain.SetHere("key", "of the call before"), grain.SetHere("key", "and of another")));

        Assert.Null(await Soon(grain.Read("key")));
    }

    [Fact]
    public async Task A_removed_key_does_not_flow()
    {
        var cluster = await StartAsync();
        RequestContext.Set("key", "value");
        RequestContext.Set("other", "kept");
        Assert.True(RequestContext.Remove("key"));

        Assert.Null(await Soon(Get<IContextGrain>(cluster).Read("key")));
        Assert.Equal("kept", await Soon(Get<IContextGrain>(cluster).Read("other")));
    }
}
