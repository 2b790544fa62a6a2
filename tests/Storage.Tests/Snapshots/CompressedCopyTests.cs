using KVCluster.Inference.Kv;
using KVCluster.Storage.Tests.Support;

namespace KVCluster.Storage.Tests.Snapshots;

public sealed class CompressedCopyTests
{
    private static readonly int[] History = ColdFixture.Tokens(300);

    [Theory]
    [InlineData(KvElementType.F32, SnapshotCodec.Raw, false, false)]
    [InlineData(KvElementType.BF16, SnapshotCodec.Packed, true, false)]
    [InlineData(KvElementType.Int8, SnapshotCodec.Raw, true, false)]
    [InlineData(KvElementType.Int8, SnapshotCodec.Raw, false, true)]
    public async Task A_ragged_cache_with_biases_comes_back_bit_for_bit(KvElementType type, SnapshotCodec codec, bool encrypted, bool staged)
    {
        SnapshotStoreOptions options = ColdFixture.Small with { Codec = codec, Keys = encrypted ? ColdFixture.Keys("k1") : null };
        await using var cold = new ColdFixture(type, options, staged: staged);
        using KvCache original = Ragged(cold.Arena);
        SnapshotSave save = await cold.SaveAsync(original, History, record: [1, 2, 3]);
        Assert.Equal(SaveOutcome.Published, save.Outcome);
        var (load, copy) = await cold.LoadAsync(cold.Query(History));
        using (copy)
        {
            cold.Arena.AssertSame(original, copy);
            Assert.Equal([1, 2, 3], load.CompressionRecord.ToArray());
            Assert.Equal(300, load.Tokens);
            cold.Arena.Append(original, [9, 9, 9]);
            cold.Arena.Append(copy, [9, 9, 9]);
            cold.Arena.AssertSame(original, copy);
        }
    }

    [Fact]
    public async Task It_must_agree_as_a_whole()
    {
        await using var cold = new ColdFixture();
        using KvCache cache = Ragged(cold.Arena);
        await cold.PublishedAsync(cache, History);
        int[] other = [.. History];
        other[299]++;
        Assert.Equal(MissCause.OtherTokens, await cold.MissAsync(cold.Query(other)));
        Assert.Equal(MissCause.OtherTokens, await cold.MissAsync(cold.Query(History.AsMemory(0, 299))));
        Assert.Equal(MissCause.NotExact, await cold.MissAsync(cold.Query(History, exactOnly: true)));
        Assert.Equal(300, (await cold.LoadAsync(cold.Query(History.Append(5).Append(6).ToArray()))).Load.Tokens);
    }

    [Fact]
    public async Task The_last_exact_copy_is_kept_beside_it()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small);
        (KvCache exact, KvCache compressed) = await cold.PublishedBothAsync(History);

        var (_, whole) = await cold.LoadAsync(cold.Query(History, exactOnly: true));
        cold.Arena.AssertSame(exact, whole);
        whole.Dispose();
        var (_, lossy) = await cold.LoadAsync(cold.Query(History));
        cold.Arena.AssertSame(compressed, lossy);
        lossy.Dispose();

        // The exact one also serves a history that the compressed one does not.
        int[] other = [.. History];
        other[299]++;
        var (part, beginning) = await cold.LoadAsync(cold.Query(other));
        Assert.Equal((288, true), (part.Tokens, beginning.IsExact));
        beginning.Dispose();
    }

    [Fact]
    public async Task A_damaged_compressed_copy_leaves_the_exact_one()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small);
        (KvCache exact, KvCache compressed) = await cold.PublishedBothAsync(History, compressedEpoch: 2);
        cold.Blobs.AfterRead = (id, parts, read) =>
        {
            parts[0].Span[0] ^= (byte)(id.Epoch == 2 ? 1 : 0);
            return read;
        };
        var (load, copy) = await cold.LoadAsync(cold.Query(History, epoch: 2));
        Assert.Null(load.Miss);
        cold.Arena.AssertSame(exact, copy);
        copy.Dispose();
    }

    [Fact]
    public async Task An_exact_save_replaces_both()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small);
        (KvCache exact, KvCache compressed) = await cold.PublishedBothAsync(History);
        SnapshotSave save = await cold.SaveAsync(exact, History);
        Assert.Equal((SaveOutcome.Published, 0L), (save.Outcome, save.WrittenBytes));
        var statistics = await cold.Blobs.StatisticsAsync(CancellationToken.None);
        Assert.InRange(statistics.Total.Bytes, save.StoredBytes, save.StoredBytes + 3000);
        Assert.True((await cold.Store.FindAsync(cold.Query(History), CancellationToken.None)).IsExact);
    }

    [Fact]
    public async Task Only_layers_whose_rows_changed_are_rewritten()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small);
        using KvCache cache = cold.Arena.Cache(History);
        await cold.PublishedAsync(cache, History);
        cold.Arena.Compact(cache, (l, h, s) => l != 1 || s % 2 == 0);
        SnapshotSave first = await cold.SaveAsync(cache, History);
        Assert.Equal(150 * cold.Arena.Geometry.BytesPerToken / 3, first.WrittenBytes);

        // Rows in front of the first dropped slot stay where they are too.
        cold.Arena.Compact(cache, (l, h, s) => l != 2 || s < 200 || s % 2 == 0);
        SnapshotSave second = await cold.SaveAsync(cache, History);
        Assert.Equal((250 - 192) * cold.Arena.Geometry.BytesPerToken / 3, second.WrittenBytes);
        var (_, copy) = await cold.LoadAsync(cold.Query(History));
        cold.Arena.AssertSame(cache, copy);
        copy.Dispose();
    }

    [Fact]
    public async Task Appends_to_a_ragged_cache_write_only_new_rows()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small);
        using KvCache cache = Ragged(cold.Arena);
        await cold.PublishedAsync(cache, History);
        int[] longer = [.. History, .. ColdFixture.Tokens(10, 5)];
        cold.Arena.Append(cache, longer.AsSpan(300));
        SnapshotSave save = await cold.SaveAsync(cache, longer);
        Assert.Equal((10 * cold.Arena.Geometry.BytesPerToken) + (10 * sizeof(float)), save.WrittenBytes);
        var (_, copy) = await cold.LoadAsync(cold.Query(longer));
        cold.Arena.AssertSame(cache, copy);
        copy.Dispose();
    }

    [Fact]
    public async Task A_rewritten_slot_is_noticed()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small);
        using KvCache cache = Ragged(cold.Arena);
        await cold.PublishedAsync(cache, History);
        cache.SetBias(1, 0, 3, [0.75f]);
        SnapshotSave save = await cold.SaveAsync(cache, History);
        Assert.NotEqual(0, save.WrittenBytes);
        var (_, copy) = await cold.LoadAsync(cold.Query(History));
        cold.Arena.AssertSame(cache, copy);
        copy.Dispose();
    }

    [Fact]
    public async Task Tokens_and_the_next_position_may_differ()
    {
        await using var cold = new ColdFixture();
        using KvCache cache = cold.Arena.Cache(History);
        cold.Arena.Compact(cache, (l, h, s) => s < 100 + l);
        cache.Truncate(120);
        SnapshotSave save = await cold.SaveAsync(cache, History);
        Assert.True(save.Outcome == SaveOutcome.Published, save.Reason);
        var (load, copy) = await cold.LoadAsync(cold.Query(History));
        Assert.Equal((300, 120), (load.Tokens, copy.LogicalLength));
        cold.Arena.AssertSame(cache, copy);
        copy.Dispose();
    }

    [Fact]
    public async Task Heads_may_be_empty()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small);
        using KvCache cache = cold.Arena.Cache(History);
        cold.Arena.Compact(cache, (l, h, s) => l != 1 && h == 0);
        await cold.PublishedAsync(cache, History);
        var (_, copy) = await cold.LoadAsync(cold.Query(History));
        cold.Arena.AssertSame(cache, copy);
        copy.Dispose();
    }

    [Fact]
    public async Task The_exact_copy_makes_room_when_the_budget_is_short()
    {
        long exactBytes = 300L * 2 * 6 * 24 * 4;
        await using var cold = new ColdFixture(options: ColdFixture.Small, budget: exactBytes + 40_000);
        using KvCache cache = cold.Arena.Cache(History);
        await cold.PublishedAsync(cache, History);
        cold.Arena.Compact(cache, (l, h, s) => s % 2 == 0);
        SnapshotSave save = await cold.SaveAsync(cache, History);
        Assert.True(save.Outcome == SaveOutcome.Published, save.Reason);
        Assert.Equal(MissCause.NotExact, await cold.MissAsync(cold.Query(History, exactOnly: true)));
        var (_, copy) = await cold.LoadAsync(cold.Query(History));
        cold.Arena.AssertSame(cache, copy);
        copy.Dispose();
        Assert.InRange((await cold.Blobs.StatisticsAsync(CancellationToken.None)).Total.Bytes, save.StoredBytes, save.StoredBytes + 10_000);
    }

    [Fact]
    public async Task A_save_beyond_the_budget_leaves_the_earlier_copy_and_nothing_else()
    {
        long bytes = 300L * 2 * 6 * 24 * 4;
        await using var cold = new ColdFixture(options: ColdFixture.Small, budget: bytes + 20_000);
        using KvCache cache = cold.Arena.Cache(History);
        await cold.PublishedAsync(cache, History);
        var before = await cold.Blobs.StatisticsAsync(CancellationToken.None);
        int[] longer = [.. History, .. ColdFixture.Tokens(200, 3)];
        cold.Arena.Append(cache, longer.AsSpan(300));
        SnapshotSave save = await cold.SaveAsync(cache, longer);
        Assert.Equal(SaveOutcome.OverBudget, save.Outcome);
        Assert.NotNull(save.Reason);
        Assert.Equal(before.Total, (await cold.Blobs.StatisticsAsync(CancellationToken.None)).Total);
        Assert.Equal(300, (await cold.LoadAsync(cold.Query(longer))).Load.Tokens);
    }

    private static KvCache Ragged(TestArena arena)
    {
        KvCache cache = arena.Cache(History.AsSpan(0, 280));
        arena.Compact(cache, (l, h, s) => (s + l) % (h + 2) == 0 || s < 5 * l);
        cache.EnableBias(1, 0);
        cache.SetBias(1, 0, 2, [0.5f, -1.25f]);
        arena.Append(cache, History.AsSpan(280));
        return cache;
    }
}
