using KVCluster.Inference.Kv;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>
/// Moves pages of an arena in host memory (the CPU device) by their addresses: libtorch's copies by index go row by row there. What libtorch
/// was asked for on that device is done when its call returns, so nothing has to be waited for.
/// </summary>
internal sealed unsafe class HostPageMover(PageArena arena) : IPageMover
{
    private readonly byte* _rows = (byte*)arena.Rows.Address();
    private readonly byte* _scales = arena.Scales is null ? null : (byte*)arena.Scales.Address();
    private readonly int _rowBytes = arena.RowPageBytes;
    private readonly int _scaleBytes = arena.ScalePageBytes;

    /// <inheritdoc/>
    public long StagingBytes => 0;

    /// <inheritdoc/>
    public void Export(ReadOnlySpan<int> pages, Span<byte> destination)
    {
        for (int i = 0; i < pages.Length; i++)
        {
            Span<byte> page = destination.Slice(i * (_rowBytes + _scaleBytes), _rowBytes + _scaleBytes);
            Rows(pages[i]).CopyTo(page);
            Scales(pages[i]).CopyTo(page[_rowBytes..]);
        }
    }

    /// <inheritdoc/>
    public void Import(ReadOnlySpan<int> pages, ReadOnlySpan<byte> source)
    {
        for (int i = 0; i < pages.Length; i++)
        {
            ReadOnlySpan<byte> page = source.Slice(i * (_rowBytes + _scaleBytes), _rowBytes + _scaleBytes);
            page[.._rowBytes].CopyTo(Rows(pages[i]));
            page[_rowBytes..].CopyTo(Scales(pages[i]));
        }
    }

    /// <inheritdoc/>
    public void Read(Tensor tensor, Span<byte> destination) => tensor.bytes.CopyTo(destination);

    /// <inheritdoc/>
    public void Copy(ReadOnlySpan<int> from, ReadOnlySpan<int> to)
    {
        for (int i = 0; i < from.Length; i++)
        {
            Rows(from[i]).CopyTo(Rows(to[i]));
            Scales(from[i]).CopyTo(Scales(to[i]));
        }
    }

    /// <inheritdoc/>
    public void Compact(IReadOnlyList<HeadCompaction> heads)
    {
        KvGeometry g = arena.Geometry;
        var rows = new PageCompactor(_rows, _rowBytes, g.PageTokens, g.RowBytes, 0);
        var scales = new PageCompactor(_scales, _scaleBytes, g.PageTokens, sizeof(float), 0);

        // Stores past the caches need rows at cache lines, where libtorch's allocator puts its memory as a rule.
        bool aligned = (nint)_rows % 64 == 0;
        CompactionWork.Run(heads, g.RowBytes, (in HeadCompaction head, bool values, bool large) =>
        {
            ReadOnlySpan<int> pages = values ? head.ValuePages.Span : head.KeyPages.Span;
            rows.MoveRows(pages, head.Kept.Span, large && aligned);
            if (_scales is not null)
            {
                scales.MoveRows(pages, head.Kept.Span, large: false);
            }
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private Span<byte> Rows(int page) => new(_rows + ((long)page * _rowBytes), _rowBytes);

    private Span<byte> Scales(int page) => new(_scales + ((long)page * _scaleBytes), _scaleBytes);
}
