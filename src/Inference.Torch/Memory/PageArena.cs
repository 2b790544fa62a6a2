using KVCluster.Inference.Kv;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>
/// The arena's tensors: rows [pages * PageTokens, headSize] of the KV element type, zeroed at first so that no stale number is ever a NaN of
/// nobody, and beside them int8 scales [pages * PageTokens].
/// </summary>
internal sealed class PageArena : IDisposable
{
    /// <summary>Reserves <paramref name="pageCount"/> pages on the device.</summary>
    public PageArena(KvGeometry geometry, int pageCount, Device device)
    {
        Geometry = geometry;
        PageCount = pageCount;
        Device = device;
        RowPageBytes = geometry.PageTokens * geometry.RowBytes;
        if (geometry.PageBytes != RowPageBytes + (geometry.PageTokens * geometry.ScaleBytes))
        {
            throw new InputException(
                $"a head size of {geometry.HeadSize} leaves gaps in the pages of {geometry.ElementType}: this backend has none");
        }

        using DisposeScope scope = NewDisposeScope();
        long rows = (long)pageCount * geometry.PageTokens;
        Tensor numbers = zeros([rows, geometry.HeadSize], RowCodec.TypeOf(geometry.ElementType), device);
        Scales = geometry.ScaleBytes > 0 ? zeros([rows], ScalarType.Float32, device).Keep() : null;
        Rows = numbers.Keep();
    }

    public KvGeometry Geometry { get; }

    public int PageCount { get; }

    public Device Device { get; }

    /// <summary>Numbers of all rows, by page * PageTokens + row.</summary>
    public Tensor Rows { get; }

    /// <summary>Scales of all rows; null where the element type has none.</summary>
    public Tensor? Scales { get; }

    /// <summary>Rows as pages, [pages, PageTokens * headSize]; belongs to the current dispose scope.</summary>
    public Tensor RowPages => Rows.view(PageCount, -1);

    /// <summary>Scales as pages, [pages, PageTokens]; belongs to the current dispose scope.</summary>
    public Tensor? ScalePages => Scales?.view(PageCount, -1);

    /// <summary>Bytes of a page's numbers; its scales follow where pages are bytes.</summary>
    public int RowPageBytes { get; }

    public int ScalePageBytes => Geometry.PageBytes - RowPageBytes;

    public long Bytes => Rows.BytesOf() + (Scales?.BytesOf() ?? 0);

    public void Dispose()
    {
        Rows.Dispose();
        Scales?.Dispose();
    }
}
