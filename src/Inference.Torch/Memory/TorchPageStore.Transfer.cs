using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Memory;

/// <content>Pages to and from the host, in the layout of every backend.</content>
internal sealed partial class TorchPageStore
{
    /// <summary>Bytes of pages that travel at a time: enough for the bus, little beside the arena.</summary>
    private const int PieceBytes = 16 << 20;

    private int PagesAPiece => Math.Max(1, PieceBytes / Geometry.PageBytes);

    /// <inheritdoc/>
    public void ExportPages(ReadOnlySpan<int> pages, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, (long)pages.Length * Geometry.PageBytes);
        CheckPages(pages);
        lock (_gate)
        {
            for (int done = 0; done < pages.Length; done += PagesAPiece)
            {
                int count = Math.Min(PagesAPiece, pages.Length - done);
                ExportRows(pages.Slice(done, count), destination.Slice(done * Geometry.PageBytes, count * Geometry.PageBytes));
            }

            for (int i = 0; i < pages.Length && !_biases.IsEmpty; i++)
            {
                Span<byte> page = destination.Slice(i * Geometry.PageBytes, Geometry.PageBytes);
                _biases.TryRead(pages[i], MemoryMarshal.Cast<byte, float>(page));
            }
        }
    }

    /// <inheritdoc/>
    public void ImportPages(ReadOnlySpan<int> pages, ReadOnlySpan<byte> source)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(source.Length, (long)pages.Length * Geometry.PageBytes);
        CheckPages(pages);
        lock (_gate)
        {
            HoldRows(pages);
            for (int done = 0; done < pages.Length; done += PagesAPiece)
            {
                int count = Math.Min(PagesAPiece, pages.Length - done);
                ImportRows(pages.Slice(done, count), source.Slice(done * Geometry.PageBytes, count * Geometry.PageBytes));
            }
        }
    }

    private void ExportRows(ReadOnlySpan<int> pages, Span<byte> destination)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor index = Tensors.FromInts(pages, _device);
        ReadOnlySpan<byte> rows = ToHost(_rows.view(PageCount, -1).index_select(0, index));
        if (_scales is null)
        {
            rows.CopyTo(destination);
            return;
        }

        ReadOnlySpan<byte> scales = ToHost(_scales.view(PageCount, -1).index_select(0, index));
        int scaleBytes = Geometry.PageBytes - _rowPageBytes;
        for (int i = 0; i < pages.Length; i++)
        {
            Span<byte> page = destination.Slice(i * Geometry.PageBytes, Geometry.PageBytes);
            rows.Slice(i * _rowPageBytes, _rowPageBytes).CopyTo(page);
            scales.Slice(i * scaleBytes, scaleBytes).CopyTo(page[_rowPageBytes..]);
        }
    }

    private void ImportRows(ReadOnlySpan<int> pages, ReadOnlySpan<byte> source)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor rows = Staging([pages.Length, _rowPageBytes / Geometry.RowBytes * Geometry.HeadSize], _rows.dtype);
        int scaleBytes = Geometry.PageBytes - _rowPageBytes;
        Tensor? scales = _scales is null ? null : Staging([pages.Length, Geometry.PageTokens], ScalarType.Float32);
        Span<byte> rowBytes = rows.bytes;
        for (int i = 0; i < pages.Length; i++)
        {
            ReadOnlySpan<byte> page = source.Slice(i * Geometry.PageBytes, Geometry.PageBytes);
            page[.._rowPageBytes].CopyTo(rowBytes[(i * _rowPageBytes)..]);
            if (scales is not null)
            {
                page[_rowPageBytes..].CopyTo(scales.bytes[(i * scaleBytes)..]);
            }
        }

        var longs = new long[pages.Length];
        for (int i = 0; i < longs.Length; i++)
        {
            longs[i] = pages[i];
        }

        Tensor index = Tensors.FromLongs(longs, _device);
        _rows.view(PageCount, -1).index_copy_(0, index, rows.to(_device));
        _scales?.view(PageCount, -1).index_copy_(0, index, scales!.to(_device));
    }

    /// <summary>A tensor's bytes on the host: through page-locked memory, which the bus reaches without a copy of the driver's.</summary>
    private static ReadOnlySpan<byte> ToHost(Tensor tensor)
    {
        if (tensor.device_type == DeviceType.CPU)
        {
            return tensor.bytes;
        }

        Tensor staging = Staging(tensor.shape, tensor.dtype, pinned: true);
        staging.copy_(tensor);
        return staging.bytes;
    }

    private Tensor Staging(long[] shape, ScalarType type) => Staging(shape, type, _device.type == DeviceType.CUDA);

    private static Tensor Staging(long[] shape, ScalarType type, bool pinned)
    {
        Tensor host = empty(shape, type);
        return pinned ? host.pin_memory() : host;
    }
}
