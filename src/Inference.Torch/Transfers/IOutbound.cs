using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Transfers;

/// <summary>Something on the device that leaves it in pieces of whole units, as a rule pages.</summary>
internal interface IOutbound
{
    /// <summary>How many units there are.</summary>
    int Units { get; }

    /// <summary>Bytes of a unit.</summary>
    int UnitBytes { get; }

    /// <summary>
    /// Asks the device for a copy of some units, contiguous tensors that together have count * <see cref="UnitBytes"/> bytes; the caller
    /// disposes them. Later writes to the units do not reach it: compute is done in order.
    /// </summary>
    Tensor[] Gather(int first, int count);

    /// <summary>Lays the bytes of a piece, tensor after tensor, out as the units of the destination.</summary>
    void Land(ReadOnlySpan<byte> bytes, Span<byte> units);
}
