namespace KVCluster.Inference.Kv;

/// <summary>
/// The memory of one device, cut into pages of <see cref="KvGeometry.PageBytes"/>: what bookkeeping needs of it, in batches so that a GPU
/// can do each in one launch. Which page belongs to whom is not its business; writes to different pages may run at the same time.
/// </summary>
public interface IKvPageStore
{
    /// <summary>Shape of the pages.</summary>
    KvGeometry Geometry { get; }

    /// <summary>Pages there are, numbered from 0.</summary>
    int PageCount { get; }

    /// <summary>Copies whole pages: from[i] to to[i]. No target is a source.</summary>
    void CopyPages(ReadOnlySpan<int> from, ReadOnlySpan<int> to);

    /// <summary>Moves kept rows down in place, head by head; heads share no page that is written.</summary>
    void Compact(IReadOnlyList<HeadCompaction> heads);

    /// <summary>Writes attention biases into a bias page from this slot of the page on.</summary>
    void WriteBiases(int page, int slot, ReadOnlySpan<float> biases);

    /// <summary>Zeroes attention biases of a bias page.</summary>
    void ClearBiases(int page, int slot, int count);

    /// <summary>Copies pages out: [pages, PageBytes] bytes.</summary>
    void ExportPages(ReadOnlySpan<int> pages, Span<byte> destination);

    /// <summary>Copies pages in, as <see cref="ExportPages"/> gave them.</summary>
    void ImportPages(ReadOnlySpan<int> pages, ReadOnlySpan<byte> source);
}
