using KVCluster.Backend.Conformance.Torch.Transfers;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Torch;
using KVCluster.Inference.Torch.Memory;
using KVCluster.Inference.Torch.Transfers;

namespace KVCluster.Backend.Conformance.Torch;

/// <summary>The arena's pages as bytes, moved by their addresses and by the device.</summary>
public sealed class TorchPageStoreTests
{
    public static TheoryData<KvElementType, bool> Kinds
    {
        get
        {
            var kinds = new TheoryData<KvElementType, bool>();
            foreach (KvElementType type in Enum.GetValues<KvElementType>())
            {
                kinds.Add(type, true);
                kinds.Add(type, false);
            }

            return kinds;
        }
    }

    /// <summary>More than the processor's caches hold, so that all ways of moving rows are gone.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Kept_rows_are_what_they_were_after_a_large_compaction(KvElementType type, bool direct)
    {
        var geometry = new KvGeometry(1, 1, 128, type);
        int rows = (24 << 20) / geometry.RowBytes;
        int pages = geometry.PagesForRows(rows);
        using TorchPageStore store = Open(geometry, 2 * pages, direct);
        int[] shuffled = [.. Enumerable.Range(0, 2 * pages)];
        var random = new Random(5);
        random.Shuffle(shuffled);
        var head = new HeadCompaction(
            shuffled.AsMemory(0, pages), shuffled.AsMemory(pages), default, Enumerable.Range(0, rows).Where(_ => random.Next(3) > 0).ToArray());
        byte[] before = new byte[2 * pages * geometry.PageBytes];
        random.NextBytes(before);
        store.ImportPages(shuffled, before);
        store.Compact([head]);
        byte[] after = new byte[before.Length];
        store.ExportPages(shuffled, after);
        foreach (int first in (int[])[0, pages])
        {
            for (int i = 0; i < head.Kept.Length; i++)
            {
                AssertRow(geometry, before, first, head.Kept.Span[i], after, i);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Copied_pages_are_the_same_and_others_stay(KvElementType type, bool direct)
    {
        var geometry = new KvGeometry(1, 1, 16, type, 16);
        using TorchPageStore store = Open(geometry, 9, direct);
        byte[] before = new byte[9 * geometry.PageBytes];
        new Random(2).NextBytes(before);
        int[] all = [.. Enumerable.Range(0, 9)];
        store.ImportPages(all, before);
        store.CopyPages([8, 0, 3], [1, 5, 4]);
        byte[] after = new byte[before.Length];
        store.ExportPages(all, after);
        int[] origins = [0, 8, 2, 3, 3, 0, 6, 7, 8];
        Assert.All(all, p => Assert.Equal(
            before.AsSpan(origins[p] * geometry.PageBytes, geometry.PageBytes), after.AsSpan(p * geometry.PageBytes, geometry.PageBytes)));
    }

    private static void AssertRow(KvGeometry g, byte[] before, int firstPage, int from, byte[] after, int to)
    {
        Assert.True(Row(g, before, firstPage, from).SequenceEqual(Row(g, after, firstPage, to)), $"row {from} at {to}");
        if (g.ScaleBytes > 0)
        {
            Assert.True(Scale(g, before, firstPage, from).SequenceEqual(Scale(g, after, firstPage, to)), $"scale {from} at {to}");
        }
    }

    private static ReadOnlySpan<byte> Row(KvGeometry g, byte[] bytes, int firstPage, int row) =>
        bytes.AsSpan(((firstPage + (row / g.PageTokens)) * g.PageBytes) + (row % g.PageTokens * g.RowBytes), g.RowBytes);

    private static ReadOnlySpan<byte> Scale(KvGeometry g, byte[] bytes, int firstPage, int row) =>
        bytes.AsSpan(((firstPage + (row / g.PageTokens)) * g.PageBytes) + g.ScaleOffset + (row % g.PageTokens * sizeof(float)), sizeof(float));

    private static TorchPageStore Open(KvGeometry geometry, int pages, bool direct)
    {
        var ledger = new MemoryLedger(pages, geometry.PageBytes);
        TransferOptions? transfers = direct ? null : new TransferOptions(() => new ThreadCopyStream(new CopyFaults()));
        return new TorchPageStore(geometry, pages, TorchDevice.Open("cpu"), ledger.Snapshot, transfers);
    }
}
