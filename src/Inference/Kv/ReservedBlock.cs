using System.Buffers;

namespace KVCluster.Inference.Kv;

/// <summary>A part of a reservation, at most 2 GiB, as managed memory. It owns nothing; after the reservation's end it throws.</summary>
internal sealed unsafe class ReservedBlock(ReservedMemory memory, long offset, int length) : MemoryManager<byte>
{
    public override Span<byte> GetSpan() => new(Start(), length);

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)length, nameof(elementIndex));
        return new MemoryHandle(Start() + elementIndex);
    }

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }

    private byte* Start()
    {
        ObjectDisposedException.ThrowIf(memory.Start is null, this);
        return memory.Start + offset;
    }
}
