namespace KVCluster.Inference.Torch.Transfers;

/// <summary>One staging buffer of a <see cref="TransferRing"/> with its events.</summary>
internal sealed unsafe class TransferSlot : IDisposable
{
    private readonly ICopyStream _stream;
    private readonly int _bytes;
    private bool _travels;

    public TransferSlot(ICopyStream stream, int index, int bytes)
    {
        _stream = stream;
        _bytes = bytes;
        Index = index;
        Host = stream.AllocateHost(bytes);
        try
        {
            Computed = stream.CreateEvent();
            Copied = stream.CreateEvent();

            // Device memory set aside for the slot may be what compute, as asked so far, still uses.
            Computed.Record(WorkQueue.Compute);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Its number in the ring, from 0.</summary>
    public int Index { get; }

    /// <summary>Page-locked memory.</summary>
    public nint Host { get; }

    /// <summary>Compute's part: the rows that leave are gathered, or those that came are in their pages.</summary>
    public ICopyEvent Computed { get; } = null!;

    /// <summary>The copies' part.</summary>
    public ICopyEvent Copied { get; } = null!;

    /// <summary>The host's view; only while no copy uses it.</summary>
    public Span<byte> Bytes => new((void*)Host, _bytes);

    /// <summary>Queues the copies that were given before it as this slot's own: <see cref="Settle"/> waits for them.</summary>
    public void Depart()
    {
        Copied.Record(WorkQueue.Copies);
        _travels = true;
    }

    /// <summary>Waits until no copy uses the host memory.</summary>
    public void Settle()
    {
        if (_travels)
        {
            Copied.Wait();
            _travels = false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Computed?.Dispose();
        Copied?.Dispose();
        _stream.FreeHost(Host);
    }
}
