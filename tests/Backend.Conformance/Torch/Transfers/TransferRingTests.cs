using KVCluster.Inference.Torch.Transfers;

namespace KVCluster.Backend.Conformance.Torch.Transfers;

public sealed class TransferRingTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(1);
    private readonly CopyFaults _faults = new();

    [Fact]
    public void Buffers_hold_whole_units_and_one_at_least()
    {
        using TransferRing ring = Open(slotBytes: 1000, unit: 300);
        using TransferRing small = Open(slotBytes: 100, unit: 300);
        Assert.Equal((900, 300, 1800), (ring.SlotBytes, small.SlotBytes, ring.HostBytes));
    }

    [Fact]
    public void A_ring_of_one_buffer_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new TransferRing(new TransferOptions(() => new LateCopyStream(_faults), Slots: 1), 1));

    [Fact]
    public void The_buffer_unused_for_longest_comes_first()
    {
        using TransferRing ring = Open();
        TransferSlot first = ring.Take();
        TransferSlot second = ring.Take();
        Assert.Null(ring.TryTake());
        ring.Return(second);
        ring.Return(first);
        Assert.Equal([second, first], new[] { ring.Take(), ring.TryTake() });
        ring.Return(first);
        ring.Return(second);
    }

    [Theory]
    [InlineData("Open", 1)]
    [InlineData("AllocateHost", 2)]
    [InlineData("CreateEvent", 1)]
    [InlineData("CreateEvent", 4)]
    public void A_ring_that_cannot_be_had_holds_nothing(string call, int number)
    {
        var fault = new InvalidOperationException("no more");
        _faults.Fail(call, number, fault);
        Assert.Same(fault, Assert.Throws<InvalidOperationException>(() => Open()));
        Assert.Equal(0, _faults.Held);
    }

    [Fact]
    public async Task Disposing_waits_for_the_transfer_under_way_and_refuses_later_ones()
    {
        TransferRing ring = Open();
        TransferSlot slot = ring.Take();
        Task disposed = Task.Run(ring.Dispose);
        await Task.Yield();
        Assert.False(disposed.IsCompleted);
        Assert.NotEqual(0, _faults.Held);
        ring.Return(slot);
        await disposed.WaitAsync(_patience);
        Assert.Equal(0, _faults.Held);
        Assert.Throws<ObjectDisposedException>(ring.Take);
        ring.Dispose();
    }

    [Fact]
    public void A_stream_that_cannot_drain_is_disposed_all_the_same()
    {
        TransferRing ring = Open();
        _faults.Fail("Drain", 1, new InvalidOperationException("lost"));
        ring.Dispose();
        Assert.Equal(0, _faults.Held);
    }

    private TransferRing Open(int slotBytes = 100, int unit = 10) =>
        new(new TransferOptions(() => new LateCopyStream(_faults), slotBytes, Slots: 2), unit);
}
