using KVCluster.Engine.Conformance.Cluster;
using KVCluster.Engine.Conformance.Grains;
using Orleans.Serialization;

namespace KVCluster.Engine.Conformance.Cases;

public sealed class MessageCases : ConformanceCase
{
    [Fact]
    public async Task What_the_caller_changes_later_the_callee_does_not_see()
    {
        var grain = Get<IMessageGrain>(await StartAsync());
        var parcel = new Parcel("a", [1, 2]) { Notes = { "sent" }, Inner = new Parcel("b", [3]) };
        await Soon(grain.Keep(parcel));
        parcel.Numbers[0] = 9;
        parcel.Notes.Add("later");
        parcel.Inner!.Numbers[0] = 9;

        var kept = await Soon(grain.Kept());
        Assert.Equal([1, 2], kept.Numbers);
        Assert.Equal(["sent"], kept.Notes);
        Assert.Equal([3], kept.Inner!.Numbers);
    }

    [Fact]
    public async Task What_the_caller_does_to_a_result_the_callee_does_not_see()
    {
        var grain = Get<IMessageGrain>(await StartAsync());
        await Soon(grain.Keep(new Parcel("a", [1, 2])));
        (await Soon(grain.Kept())).Numbers[0] = 9;
        await Soon(grain.KeepBytes([1, 2]));
        (await Soon(grain.KeptBytes()))[0] = 9;

        Assert.Equal(1, await Soon(grain.KeptNumber(0)));
        Assert.Equal([1, 2], await Soon(grain.KeptBytes()));
    }

    [Fact]
    public async Task Collections_are_the_callees_own()
    {
        var grain = Get<IMessageGrain>(await StartAsync());
        var sent = new Dictionary<string, List<int>> { ["kept"] = [1, 2] };
        var got = await Soon(grain.Lists(sent));

        Assert.Equal(["kept"], sent.Keys);
        Assert.Equal([1, 2], got["kept"]);
        Assert.Equal([1], got["added"]);
        Assert.NotSame(sent["kept"], got["kept"]);
    }

    [Fact]
    public async Task An_object_met_twice_stays_one()
    {
        var grain = Get<IMessageGrain>(await StartAsync());
        var loop = new Parcel("loop", [1]);
        loop.Inner = loop;
        await Soon(grain.Keep(loop));
        var kept = await Soon(grain.Kept());

        Assert.NotSame(loop, kept);
        Assert.Same(kept, kept.Inner);
    }

    [Fact]
    public async Task An_exception_keeps_its_type_its_message_and_its_members()
    {
        var grain = Get<IMessageGrain>(await StartAsync());
        var error = await Assert.ThrowsAsync<ParcelException>(() => Soon(grain.Fail("Broken.", 42)));

        Assert.Equal("Broken.", error.Message);
        Assert.Equal(42, error.Code);
    }

    [Fact]
    public async Task An_exception_keeps_its_cause()
    {
        var grain = Get<IMessageGrain>(await StartAsync());
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => Soon(grain.FailWithInner("Outer.", "Inner.")));

        Assert.Equal("Outer.", error.Message);
        Assert.Equal("Inner.", Assert.IsType<ArgumentException>(error.InnerException).Message);
    }

    [Fact]
    public async Task A_type_that_is_not_marked_as_sendable_is_refused()
    {
        var cluster = await StartAsync();

        // Some engines refuse the reference already, others the call.
        await Assert.ThrowsAsync<CodecNotFoundException>(async () => await Soon(Get<IUnsendableGrain>(cluster).Send(new Unsendable())));
    }

    [Fact]
    public async Task Value_tasks_are_answered()
        => Assert.Equal(5, await Soon(Get<IMessageGrain>(await StartAsync()).Add(2, 3).AsTask()));

    [Fact]
    public async Task A_reference_is_sent_as_a_reference()
    {
        var cluster = await StartAsync();
        var other = Get<IMessageGrain>(cluster);
        var grain = Get<IMessageGrain>(cluster);

        Assert.Equal(other.GetPrimaryKeyString(), await Soon(grain.Call(other)));
        Assert.Equal(grain, await Soon(grain.Self()));
        Assert.Equal(7, await Soon((await Soon(grain.Self())).Add(3, 4).AsTask()));
    }
}
