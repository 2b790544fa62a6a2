using KVCluster.Inference.Torch.Transfers;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>Pages of the arena that leave the device.</summary>
/// <param name="arena">Where they are.</param>
/// <param name="pages">Page numbers on the device, int32 [n].</param>
internal sealed class OutboundPages(PageArena arena, Tensor pages) : IOutbound
{
    /// <inheritdoc/>
    public int Units { get; } = (int)pages.shape[0];

    /// <inheritdoc/>
    public int UnitBytes => arena.Geometry.PageBytes;

    /// <inheritdoc/>
    public Tensor[] Gather(int first, int count)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor index = pages.narrow(0, first, count);
        Tensor rows = arena.RowPages.index_select(0, index);
        Tensor? scales = arena.ScalePages?.index_select(0, index);
        return scales is null ? [rows.Keep()] : [rows.Keep(), scales.Keep()];
    }

    /// <inheritdoc/>
    public void Land(ReadOnlySpan<byte> bytes, Span<byte> units)
    {
        int rowBytes = arena.RowPageBytes;
        int scaleBytes = arena.ScalePageBytes;
        if (scaleBytes == 0)
        {
            bytes.CopyTo(units);
            return;
        }

        int count = units.Length / UnitBytes;
        for (int i = 0; i < count; i++)
        {
            Span<byte> page = units.Slice(i * UnitBytes, UnitBytes);
            bytes.Slice(i * rowBytes, rowBytes).CopyTo(page);
            bytes.Slice((count * rowBytes) + (i * scaleBytes), scaleBytes).CopyTo(page[rowBytes..]);
        }
    }
}
