using KVCluster.Inference.Kv;
using KVCluster.Storage.Format;
using KVCluster.Storage.MessagePack;

namespace KVCluster.Storage.Frames;

/// <summary>
/// The rows, scales and biases of one frame where they are, in the frame's order: for each layer and KV head a block of keys and a block
/// of values (rows, then scales), then the biases of the heads that have them.
/// </summary>
internal sealed class FrameContent
{
    private readonly List<List<RowRun>> _blocks = [];
    private readonly List<Memory<byte>> _biases = [];

    /// <summary>Two for each head: keys, values.</summary>
    public IReadOnlyList<IReadOnlyList<RowRun>> Blocks => _blocks;

    /// <summary>Floats of all heads with biases, one after another.</summary>
    public IReadOnlyList<Memory<byte>> Biases => _biases;

    /// <summary>
    /// Slots [starts, ends) of the heads from <paramref name="firstHead"/> on, in the pages of a cache. Slots past a head's length are laid
    /// aside, in memory of their own: they belong to the frame but not to this cache.
    /// </summary>
    public static FrameContent Of(KvCache cache, PageWindow window, int firstHead, ReadOnlySpan<int> starts, ReadOnlySpan<int> ends)
    {
        var content = new FrameContent();
        KvGeometry geometry = cache.Geometry;
        for (int i = 0; i < starts.Length; i++)
        {
            (int layer, int head) = Math.DivRem(firstHead + i, geometry.KvHeads);
            int length = cache.Length(layer, head);
            content._blocks.Add(Runs(geometry, window, cache.KeyPages(layer, head), length, starts[i], ends[i]));
            content._blocks.Add(Runs(geometry, window, cache.ValuePages(layer, head), length, starts[i], ends[i]));
        }

        for (int i = 0; i < starts.Length; i++)
        {
            (int layer, int head) = Math.DivRem(firstHead + i, geometry.KvHeads);
            content.AddBiases(geometry, window, cache.BiasPages(layer, head), starts[i], ends[i]);
        }

        return content;
    }

    /// <summary>Memory of its own for the same blocks: what a codec's decoding is tried in.</summary>
    public static FrameContent Apart(KvGeometry geometry, FrameContent like)
    {
        var content = new FrameContent();
        foreach (List<RowRun> block in like._blocks)
        {
            content._blocks.Add([Aside(geometry, block.Sum(r => r.Count))]);
        }

        foreach (Memory<byte> biases in like._biases)
        {
            content._biases.Add(new byte[biases.Length]);
        }

        return content;
    }

    /// <summary>All parts in the order of a <see cref="SnapshotCodec.Raw"/> frame.</summary>
    public List<Memory<byte>> Parts()
    {
        var parts = new List<Memory<byte>>();
        foreach (List<RowRun> block in _blocks)
        {
            parts.AddRange(block.Where(r => r.Count > 0).Select(r => r.Rows));
            parts.AddRange(block.Where(r => !r.Scales.IsEmpty).Select(r => r.Scales));
        }

        parts.AddRange(_biases);
        return parts;
    }

    /// <summary>Checksum over <see cref="Parts"/>.</summary>
    public ulong Checksum()
    {
        var sum = new Checksum64();
        foreach (Memory<byte> part in Parts())
        {
            sum.Add(part.Span);
        }

        return sum.Value;
    }

    private static List<RowRun> Runs(KvGeometry geometry, PageWindow window, ReadOnlySpan<int> pages, int length, int start, int end)
    {
        var runs = new List<RowRun>();
        int inside = Math.Min(end, length);
        int slot = start;
        while (slot < inside)
        {
            int row = slot % geometry.PageTokens;
            int count = Math.Min(geometry.PageTokens - row, inside - slot);
            Memory<byte> page = window.Page(pages[slot / geometry.PageTokens]);
            Memory<byte> scales = page.Slice(
                geometry.ScaleBytes > 0 ? geometry.ScaleOffset + (row * geometry.ScaleBytes) : 0, count * geometry.ScaleBytes);
            runs.Add(new RowRun(page.Slice(row * geometry.RowBytes, count * geometry.RowBytes), scales, count));
            slot += count;
        }

        if (slot < end)
        {
            runs.Add(Aside(geometry, end - slot));
        }

        return runs;
    }

    private static RowRun Aside(KvGeometry geometry, int rows) =>
        new(new byte[checked(rows * geometry.RowBytes)], new byte[rows * geometry.ScaleBytes], rows);

    private void AddBiases(KvGeometry geometry, PageWindow window, ReadOnlySpan<int> pages, int start, int end)
    {
        if (pages.IsEmpty)
        {
            return;
        }

        for (int slot = start; slot < end;)
        {
            int first = slot % geometry.BiasSlots;
            int count = Math.Min(geometry.BiasSlots - first, end - slot);
            _biases.Add(window.Page(pages[slot / geometry.BiasSlots]).Slice(first * sizeof(float), count * sizeof(float)));
            slot += count;
        }
    }
}
