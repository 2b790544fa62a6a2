using KVCluster.Engine.Embedded;
namespace KVCluster.Engine.Conformance.Embedded.Activations;

public sealed class CallQueueTests
{
    [Fact]
    public void Calls_are_taken_in_the_order_they_came()
    {
        var queue = new CallQueue();
        var calls = Enumerable.Range(0, 1000).Select(_ => Call(CallKind.None)).ToList();
        var taken = new List<GrainCall>();
        foreach (var call in calls)
        {
            queue.Add(call);
            if (taken.Count % 3 == 1)
            {
                taken.Add(queue.TakeFirst());
            }
        }

        while (queue.Count > 0)
        {
            taken.Add(queue.TakeFirst());
        }

        Assert.Equal(calls, taken);
    }

    [Fact]
    public void One_that_may_overtake_is_found_behind_others()
    {
        var queue = new CallQueue();
        var (plain, free) = (Call(CallKind.None), Call(CallKind.AlwaysInterleave));
        queue.Add(plain);
        Assert.False(queue.AnyMayOvertake);
        queue.Add(free);

        Assert.True(queue.AnyMayOvertake);
        Assert.Same(free, queue.TakeFirst(call => call.Is(CallKind.AlwaysInterleave)));
        Assert.False(queue.AnyMayOvertake);
        Assert.Equal([plain], queue);
    }

    [Fact]
    public void A_call_that_is_withdrawn_is_gone()
    {
        var queue = new CallQueue();
        var (first, second) = (Call(CallKind.None), Call(CallKind.ReadOnly));
        queue.Add(first);
        queue.Add(second);

        Assert.True(queue.Remove(second));
        Assert.False(queue.Remove(second));
        Assert.False(queue.AnyMayOvertake);
        Assert.Equal([first], queue.TakeAll());
        Assert.Equal(0, queue.Count);
    }

    private static TurnCall<int> Call(CallKind kind) => new((_, _) => Task.FromResult(0), kind);
}
