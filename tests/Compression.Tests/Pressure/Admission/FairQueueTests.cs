using KVCluster.Compression.Pressure.Admission;

namespace KVCluster.Compression.Tests.Pressure.Admission;

public sealed class FairQueueTests
{
    [Fact]
    public void Tenants_go_in_turn_and_first_come_first_within()
    {
        FairQueue<string> queue = new(100, 100);
        foreach (string item in new[] { "a1", "a2", "a3", "b1", "c1", "b2" })
        {
            Assert.Null(queue.TryEnqueue(item[..1], item, 1));
        }

        Assert.Equal(["a1", "b1", "c1", "a2", "b2", "a3"], Drain(queue, 1));
        Assert.Equal(0, queue.Count);
        Assert.Equal(0, queue.WaitingBytes);
    }

    [Fact]
    public void It_is_bounded_in_all_and_for_each_tenant()
    {
        FairQueue<int> queue = new(3, 2);
        Assert.Null(queue.TryEnqueue("a", 1, 5));
        Assert.Null(queue.TryEnqueue("a", 2, 5));
        Assert.Equal(QueueRefusal.TenantFull, queue.TryEnqueue("a", 3, 5));
        Assert.Null(queue.TryEnqueue("b", 4, 5));
        Assert.Equal(QueueRefusal.Full, queue.TryEnqueue("c", 5, 5));
        Assert.Equal(15, queue.WaitingBytes);
    }

    [Fact]
    public void A_large_turn_is_passed_a_bounded_number_of_times()
    {
        FairQueue<string> queue = new(100, 100, patience: 3);
        queue.TryEnqueue("large", "large", 100);
        for (int i = 0; i < 6; i++)
        {
            queue.TryEnqueue("small", $"s{i}", 1);
        }

        Assert.Equal(["s0", "s1", "s2"], Drain(queue, 10));
        Assert.True(queue.TryDequeue(100, out string next));
        Assert.Equal("large", next);
        Assert.Equal(["s3", "s4", "s5"], Drain(queue, 10));
    }

    [Fact]
    public void A_turn_whose_client_has_gone_leaves_and_its_tenant_keeps_its_place()
    {
        FairQueue<string> queue = new(100, 100);
        foreach (string item in new[] { "a1", "a2", "b1" })
        {
            queue.TryEnqueue(item[..1], item, 1);
        }

        Assert.True(queue.Remove("a", "a1"));
        Assert.False(queue.Remove("a", "a1"));
        Assert.False(queue.Remove("x", "a1"));
        Assert.Equal(["a2", "b1"], Drain(queue, 1));
    }

    [Fact]
    public void Bytes_ahead_are_those_of_turns_that_go_first()
    {
        FairQueue<string> queue = new(100, 100);
        queue.TryEnqueue("a", "a1", 1);
        queue.TryEnqueue("a", "a2", 10);
        queue.TryEnqueue("b", "b1", 100);
        Assert.Equal(101, queue.BytesAhead("new"));
        Assert.Equal(111, queue.BytesAhead("b"));
    }

    private static List<string> Drain(FairQueue<string> queue, long free)
    {
        List<string> taken = [];
        while (queue.TryDequeue(free, out string item))
        {
            taken.Add(item);
        }

        return taken;
    }
}
