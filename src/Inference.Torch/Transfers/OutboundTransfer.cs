using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Transfers;

/// <summary>
/// Brings units from the device to the host: a piece is gathered by compute, then travels on the ring's stream while the next piece is
/// gathered, those before it land, and whatever else the device computes goes on. Gathered tensors live until their copy is done, since
/// libtorch hands their memory out again as soon as they are disposed.
/// </summary>
internal sealed class OutboundTransfer(TransferRing ring, IOutbound source)
{
    private readonly Queue<Piece> _travelling = [];

    /// <summary>Returns when all units have landed, [units, unit bytes]. Where it throws, nothing of it travels any more.</summary>
    public void Run(Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, (long)source.Units * source.UnitBytes);
        int most = ring.SlotBytes / source.UnitBytes;
        try
        {
            for (int first = 0; first < source.Units;)
            {
                TransferSlot? slot = _travelling.Count == 0 ? ring.Take() : ring.TryTake();
                if (slot is null)
                {
                    Land(destination);
                    continue;
                }

                int count = Math.Min(most, source.Units - first);
                _travelling.Enqueue(Depart(slot, first, count));
                first += count;
            }

            while (_travelling.Count > 0)
            {
                Land(destination);
            }
        }
        finally
        {
            while (_travelling.TryDequeue(out Piece piece))
            {
                ring.Abandon(piece.Slot);
                Dispose(piece.Parts);
            }
        }
    }

    private static void Dispose(Tensor[] parts)
    {
        foreach (Tensor part in parts)
        {
            part.Dispose();
        }
    }

    private Piece Depart(TransferSlot slot, int first, int count)
    {
        Tensor[] parts = [];
        try
        {
            slot.Settle();
            parts = source.Gather(first, count);
            slot.Computed.Record(WorkQueue.Compute);
            slot.Computed.Hold(WorkQueue.Copies);
            nint to = slot.Host;
            foreach (Tensor part in parts)
            {
                long bytes = part.BytesOf();
                ring.Stream.Copy(part.Address(), to, bytes, CopyDirection.ToHost);
                to += (nint)bytes;
            }

            slot.Depart();
            return new Piece(slot, parts, first, count);
        }
        catch
        {
            ring.Abandon(slot);
            Dispose(parts);
            throw;
        }
    }

    private void Land(Span<byte> destination)
    {
        Piece piece = _travelling.Peek();
        piece.Slot.Settle();
        int bytes = piece.Count * source.UnitBytes;
        source.Land(piece.Slot.Bytes[..bytes], destination.Slice(piece.First * source.UnitBytes, bytes));
        _ = _travelling.Dequeue();
        Dispose(piece.Parts);
        ring.Return(piece.Slot);
    }

    private readonly record struct Piece(TransferSlot Slot, Tensor[] Parts, int First, int Count);
}
