namespace KVCluster.Inference.Torch.Transfers;

/// <summary>
/// Brings units from the host to the device: a piece travels on the ring's stream while the host loads the next one. Compute waits for it
/// before it scatters it; the host does not, so that when <see cref="Run"/> returns, whatever the device is asked for next finds the units.
/// </summary>
internal sealed class InboundTransfer(TransferRing ring, IInbound source)
{
    /// <summary>Returns when all units are on their way and compute is told to wait for them.</summary>
    public void Run(ReadOnlySpan<byte> units)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(units.Length, (long)source.Units * source.UnitBytes);
        int most = ring.SlotBytes / source.UnitBytes;
        for (int first = 0; first < source.Units; first += most)
        {
            TransferSlot slot = ring.Take();
            try
            {
                int count = Math.Min(most, source.Units - first);
                Send(slot, first, count, units.Slice(first * source.UnitBytes, count * source.UnitBytes));
            }
            catch
            {
                ring.Abandon(slot);
                throw;
            }

            ring.Return(slot);
        }
    }

    private void Send(TransferSlot slot, int first, int count, ReadOnlySpan<byte> units)
    {
        slot.Settle();
        source.Load(units, slot.Bytes[..units.Length]);

        // The slot's memory on the device may still be read by the scatter that used it last.
        slot.Computed.Hold(WorkQueue.Copies);
        nint from = slot.Host;
        foreach ((nint address, long bytes) in source.Targets(slot.Index, count))
        {
            ring.Stream.Copy(from, address, bytes, CopyDirection.ToDevice);
            from += (nint)bytes;
        }

        slot.Depart();
        slot.Copied.Hold(WorkQueue.Compute);
        try
        {
            source.Scatter(slot.Index, first, count);
        }
        finally
        {
            slot.Computed.Record(WorkQueue.Compute);
        }
    }
}
