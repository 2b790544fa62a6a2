using KVCluster.Inference.Torch.Transfers;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>Pages of the arena that come from the host.</summary>
/// <param name="arena">Where they go.</param>
/// <param name="staging">Device memory on the way.</param>
/// <param name="pages">Page numbers on the device, int64 [n].</param>
internal sealed class InboundPages(PageArena arena, ImportStaging staging, Tensor pages) : IInbound
{
    /// <inheritdoc/>
    public int Units { get; } = (int)pages.shape[0];

    /// <inheritdoc/>
    public int UnitBytes => arena.Geometry.PageBytes;

    /// <inheritdoc/>
    public void Load(ReadOnlySpan<byte> units, Span<byte> bytes)
    {
        int rowBytes = arena.RowPageBytes;
        int scaleBytes = arena.ScalePageBytes;
        if (scaleBytes == 0)
        {
            units.CopyTo(bytes);
            return;
        }

        int count = units.Length / UnitBytes;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> page = units.Slice(i * UnitBytes, UnitBytes);
            page[..rowBytes].CopyTo(bytes[(i * rowBytes)..]);
            page[rowBytes..].CopyTo(bytes[((count * rowBytes) + (i * scaleBytes))..]);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<(nint Address, long Bytes)> Targets(int slot, int count)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor rows = staging.Rows(slot, count);
        Tensor? scales = staging.Scales(slot, count);
        return scales is null ? [(rows.Address(), rows.BytesOf())] : [(rows.Address(), rows.BytesOf()), (scales.Address(), scales.BytesOf())];
    }

    /// <inheritdoc/>
    public void Scatter(int slot, int first, int count)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor index = pages.narrow(0, first, count);
        arena.RowPages.index_copy_(0, index, staging.Rows(slot, count));
        arena.ScalePages?.index_copy_(0, index, staging.Scales(slot, count)!);
    }
}
