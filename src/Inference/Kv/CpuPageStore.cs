using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace KVCluster.Inference.Kv;

/// <summary>
/// Pages in host memory, one reservation. Rows are encoded on the way in and decoded on the way out (see <see cref="KvRowCodec"/>).
/// Disposing frees the memory; no cache of it may be used after that.
/// </summary>
public sealed unsafe partial class CpuPageStore : IKvPageStore, IDisposable
{
    private readonly ReservedMemory _memory;
    private readonly int _pageBytes;

    /// <summary>Reserves <paramref name="pageCount"/> pages; an <see cref="InputException"/> where the system refuses.</summary>
    public CpuPageStore(KvGeometry geometry, int pageCount)
    {
        ArgumentNullException.ThrowIfNull(geometry);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pageCount);
        Geometry = geometry;
        PageCount = pageCount;
        _pageBytes = geometry.PageBytes;
        _memory = new ReservedMemory((long)pageCount * _pageBytes);
        _blocks = Blocks(_memory, pageCount, _pageBytes);
    }

    /// <inheritdoc/>
    public KvGeometry Geometry { get; }

    /// <inheritdoc/>
    public int PageCount { get; }

    /// <summary>Bytes reserved.</summary>
    public long Bytes => _memory.Bytes;

    /// <summary>Encodes one row, [headSize], into a page.</summary>
    public void StoreRow(int page, int rowInPage, ReadOnlySpan<float> row)
    {
        CheckRow(page, rowInPage, row.Length);
        byte* target = Page(page) + (rowInPage * Geometry.RowBytes);
        switch (Geometry.ElementType)
        {
            case KvElementType.F32:
                row.CopyTo(new Span<float>(target, row.Length));
                break;
            case KvElementType.BF16:
                KvRowCodec.EncodeBf16(row, new Span<ushort>(target, row.Length));
                break;
            default:
                Scales(page)[rowInPage] = KvRowCodec.EncodeInt8(row, new Span<sbyte>(target, row.Length));
                break;
        }
    }

    /// <summary>Decodes one row of a page into [headSize] floats.</summary>
    public void LoadRow(int page, int rowInPage, Span<float> row)
    {
        CheckRow(page, rowInPage, row.Length);
        byte* source = Page(page) + (rowInPage * Geometry.RowBytes);
        switch (Geometry.ElementType)
        {
            case KvElementType.F32:
                new ReadOnlySpan<float>(source, row.Length).CopyTo(row);
                break;
            case KvElementType.BF16:
                KvRowCodec.DecodeBf16(new ReadOnlySpan<ushort>(source, row.Length), row);
                break;
            default:
                KvRowCodec.DecodeInt8(new ReadOnlySpan<sbyte>(source, row.Length), Scales(page)[rowInPage], row);
                break;
        }
    }

    /// <summary>Encodes rows [count, headSize] into a head's pages, from slot <paramref name="start"/> on.</summary>
    public void WriteRows(ReadOnlySpan<int> pages, int start, int count, ReadOnlySpan<float> source)
    {
        int size = Geometry.HeadSize;
        for (int i = 0; i < count; i++)
        {
            int slot = start + i;
            StoreRow(pages[slot / Geometry.PageTokens], slot % Geometry.PageTokens, source.Slice(i * size, size));
        }
    }

    /// <summary>Decodes rows [count, headSize] of a head's pages, from slot <paramref name="start"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void ReadRows(ReadOnlySpan<int> pages, int start, int count, Span<float> destination)
    {
        int size = Geometry.HeadSize;
        for (int i = 0; i < count;)
        {
            int slot = start + i;
            int first = slot % Geometry.PageTokens;
            int rows = Math.Min(Geometry.PageTokens - first, count - i);
            LoadRows(pages[slot / Geometry.PageTokens], first, rows, destination.Slice(i * size, rows * size));
            i += rows;
        }
    }

    /// <summary>Reads attention biases of a head's bias pages, from slot <paramref name="start"/> on.</summary>
    public void ReadBiases(ReadOnlySpan<int> pages, int start, Span<float> destination)
    {
        for (int i = 0; i < destination.Length; i++)
        {
            int slot = start + i;
            destination[i] = Biases(pages[slot / Geometry.BiasSlots])[slot % Geometry.BiasSlots];
        }
    }

    /// <inheritdoc/>
    public void WriteBiases(int page, int slot, ReadOnlySpan<float> biases) => biases.CopyTo(Biases(page)[slot..]);

    /// <inheritdoc/>
    public void ClearBiases(int page, int slot, int count) => Biases(page).Slice(slot, count).Clear();

    /// <summary>Copies one whole page.</summary>
    public void CopyPage(int from, int to) => PageSpan(from).CopyTo(PageSpan(to));

    /// <inheritdoc/>
    public void CopyPages(ReadOnlySpan<int> from, ReadOnlySpan<int> to)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(to.Length, from.Length);
        for (int i = 0; i < from.Length; i++)
        {
            CopyPage(from[i], to[i]);
        }
    }

    /// <inheritdoc/>
    public void ExportPages(ReadOnlySpan<int> pages, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, (long)pages.Length * _pageBytes);
        for (int i = 0; i < pages.Length; i++)
        {
            PageSpan(pages[i]).CopyTo(destination[(i * _pageBytes)..]);
        }
    }

    /// <inheritdoc/>
    public void ImportPages(ReadOnlySpan<int> pages, ReadOnlySpan<byte> source)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(source.Length, (long)pages.Length * _pageBytes);
        for (int i = 0; i < pages.Length; i++)
        {
            source.Slice(i * _pageBytes, _pageBytes).CopyTo(PageSpan(pages[i]));
        }
    }

    /// <inheritdoc/>
    public void Compact(IReadOnlyList<HeadCompaction> heads)
    {
        ArgumentNullException.ThrowIfNull(heads);
        for (int i = 0; i < heads.Count; i++)
        {
            CheckHead(heads[i]);
        }

        CompactionWork.Run(heads, Geometry.RowBytes, CompactHalf);
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    /// <summary>Where a page begins: aligned to 64 bytes. Valid until the store is disposed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal byte* Page(int index)
    {
        Debug.Assert((uint)index < (uint)PageCount && _memory.Start is not null, "no such page");
        return _memory.Start + ((long)index * _pageBytes);
    }

    /// <summary>Neighbouring rows of a page at once: they lie side by side, and only int8 has a scale for each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void LoadRows(int page, int first, int rows, Span<float> destination)
    {
        int size = Geometry.HeadSize;
        CheckRow(page, first, size);
        byte* source = Page(page) + (first * Geometry.RowBytes);
        switch (Geometry.ElementType)
        {
            case KvElementType.F32:
                new ReadOnlySpan<float>(source, rows * size).CopyTo(destination);
                break;
            case KvElementType.BF16:
                KvRowCodec.DecodeBf16(new ReadOnlySpan<ushort>(source, rows * size), destination);
                break;
            default:
                for (int i = 0; i < rows; i++)
                {
                    LoadRow(page, first + i, destination.Slice(i * size, size));
                }

                break;
        }
    }

    /// <summary>Keys, or values and biases, of one head.</summary>
    private void CompactHalf(in HeadCompaction head, bool values, bool large)
    {
        ReadOnlySpan<int> kept = head.Kept.Span;
        ReadOnlySpan<int> pages = values ? head.ValuePages.Span : head.KeyPages.Span;
        int scales = Geometry.ScaleBytes > 0 ? Geometry.ScaleOffset : 0;
        new PageCompactor(_memory.Start, _pageBytes, Geometry.PageTokens, Geometry.RowBytes, scales).MoveRows(pages, kept, large);
        if (values && !head.BiasPages.IsEmpty)
        {
            new PageCompactor(_memory.Start, _pageBytes, Geometry.BiasSlots, sizeof(float), 0).MoveRows(head.BiasPages.Span, kept, large);
        }
    }

    private void CheckHead(HeadCompaction head)
    {
        head.Check(Geometry);
        CheckPages(head.KeyPages.Span);
        CheckPages(head.ValuePages.Span);
        CheckPages(head.BiasPages.Span);
    }

    private void CheckPages(ReadOnlySpan<int> pages)
    {
        foreach (int page in pages)
        {
            CheckPage(page);
        }
    }

    private void CheckPage(int page)
    {
        ObjectDisposedException.ThrowIf(_memory.Start is null, this);
        if ((uint)page >= (uint)PageCount)
        {
            throw new ArgumentOutOfRangeException(nameof(page), page, $"the arena has {PageCount} pages");
        }
    }

    private void CheckRow(int page, int rowInPage, int numbers)
    {
        CheckPage(page);
        if ((uint)rowInPage >= (uint)Geometry.PageTokens || numbers != Geometry.HeadSize)
        {
            throw new ArgumentException(
                $"row {rowInPage} of {numbers} numbers; a page holds {Geometry.PageTokens} rows of {Geometry.HeadSize}", nameof(rowInPage));
        }
    }

    private Span<byte> PageSpan(int page)
    {
        CheckPage(page);
        return new Span<byte>(Page(page), _pageBytes);
    }

    private Span<float> Biases(int page)
    {
        CheckPage(page);
        return new Span<float>(Page(page), Geometry.BiasSlots);
    }

    private float* Scales(int page) => (float*)(Page(page) + Geometry.ScaleOffset);
}
