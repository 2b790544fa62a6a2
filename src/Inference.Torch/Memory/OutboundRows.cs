using KVCluster.Inference.Torch.Transfers;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>A contiguous tensor [n, m] that leaves the device row by row; it lives at least as long as the transfer.</summary>
internal sealed class OutboundRows(Tensor rows) : IOutbound
{
    /// <inheritdoc/>
    public int Units { get; } = (int)rows.shape[0];

    /// <inheritdoc/>
    public int UnitBytes { get; } = (int)(rows.shape[1] * rows.ElementSize);

    /// <inheritdoc/>
    public Tensor[] Gather(int first, int count)
    {
        using DisposeScope scope = NewDisposeScope();
        return [rows.narrow(0, first, count).Keep()];
    }

    /// <inheritdoc/>
    public void Land(ReadOnlySpan<byte> bytes, Span<byte> units) => bytes.CopyTo(units);
}
