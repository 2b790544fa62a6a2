namespace KVCluster.Inference.Torch.Transfers;

/// <summary>
/// Staging buffers of one direction, allocated once, and the stream that they travel by. Transfers on any thread share them: who holds a
/// buffer must not wait for another one, or two transfers could wait for each other.
/// </summary>
internal sealed class TransferRing : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Queue<TransferSlot> _free = [];
    private readonly SemaphoreSlim _count;
    private readonly int _slots;
    private bool _disposed;

    /// <summary>Opens the stream and allocates the buffers; where one fails nothing stays.</summary>
    public TransferRing(TransferOptions options, int unitBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Slots, 2, nameof(options));
        _slots = options.Slots;
        _count = new SemaphoreSlim(_slots);
        SlotBytes = options.UnitsASlot(unitBytes) * unitBytes;
        Stream = options.Streams();
        try
        {
            for (int i = 0; i < _slots; i++)
            {
                _free.Enqueue(new TransferSlot(Stream, i, SlotBytes));
            }
        }
        catch
        {
            Free();
            throw;
        }
    }

    /// <summary>Carries this ring's copies.</summary>
    public ICopyStream Stream { get; }

    /// <summary>Bytes of a buffer: whole units.</summary>
    public int SlotBytes { get; }

    /// <summary>Bytes of page-locked host memory.</summary>
    public long HostBytes => (long)_slots * SlotBytes;

    /// <summary>The buffer unused for longest; waits for one. Copies may still use its memory: see <see cref="TransferSlot.Settle"/>.</summary>
    public TransferSlot Take()
    {
        _count.Wait();
        return Taken();
    }

    /// <summary>A buffer, or null where others hold them all.</summary>
    public TransferSlot? TryTake() => _count.Wait(0) ? Taken() : null;

    /// <summary>Gives a buffer back; its copies may still be under way.</summary>
    public void Return(TransferSlot slot)
    {
        lock (_gate)
        {
            _free.Enqueue(slot);
        }

        _count.Release();
    }

    /// <summary>Gives a buffer back whose copies may have failed half-way: none may be using it afterwards.</summary>
    public void Abandon(TransferSlot slot)
    {
        Quieten();
        Return(slot);
    }

    /// <summary>Waits for the transfers under way, then frees everything. Transfers that begin later are refused.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        for (int i = 0; i < _slots; i++)
        {
            _count.Wait();
        }

        Free();
        _count.Release(_slots);
    }

    private TransferSlot Taken()
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                return _free.Dequeue();
            }
        }

        _count.Release();
        throw new ObjectDisposedException(nameof(TransferRing));
    }

    private void Free()
    {
        Quieten();
        while (_free.TryDequeue(out TransferSlot? slot))
        {
            slot.Dispose();
        }

        Stream.Dispose();
    }

    private void Quieten()
    {
        try
        {
            Stream.Drain();
        }
        catch (Exception)
        {
            // A device that cannot even drain runs nothing any more. The fault that led here is the one to tell, and the next call tells again.
        }
    }
}
