using KVCluster.Inference.Kv;
using KVCluster.Storage.Tests.Support;

namespace KVCluster.Storage.Tests.Snapshots;

public sealed class ExactCopyTests
{
    public static TheoryData<KvElementType, SnapshotCodec, bool, bool> Lossless()
    {
        var cases = new TheoryData<KvElementType, SnapshotCodec, bool, bool>();
        foreach (KvElementType type in Enum.GetValues<KvElementType>())
        {
            foreach (SnapshotCodec codec in new[] { SnapshotCodec.Raw, SnapshotCodec.Packed })
            {
                cases.Add(type, codec, false, false);
                cases.Add(type, codec, true, false);
                cases.Add(type, codec, false, true);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Lossless))]
    public async Task A_cache_comes_back_bit_for_bit(KvElementType type, SnapshotCodec codec, bool encrypted, bool staged)
    {
        SnapshotStoreOptions options = ColdFixture.Small with { Codec = codec, Keys = encrypted ? ColdFixture.Keys("k1") : null };
        await using var cold = new ColdFixture(type, options, staged: staged);
        int[] tokens = ColdFixture.Tokens(333);
        using KvCache original = cold.Arena.Cache(tokens);
        await cold.PublishedAsync(original, tokens);

        SnapshotLookup found = await cold.Store.FindAsync(cold.Query(tokens), CancellationToken.None);
        var (load, copy) = await cold.LoadAsync(cold.Query(tokens));
        using (copy)
        {
            Assert.Equal((null, 333), (load.Miss, load.Tokens));
            cold.Arena.AssertSame(original, copy);
            Assert.Equal((333, true, copy.PageCount, load.Bytes), (found.Tokens, found.IsExact, found.Pages, found.StoredBytes));
        }
    }

    [Fact]
    public async Task Raw_frames_hold_filled_rows_and_nothing_else()
    {
        await using var cold = new ColdFixture();
        int[] tokens = ColdFixture.Tokens(33);
        using KvCache original = cold.Arena.Cache(tokens);
        SnapshotSave save = await cold.SaveAsync(original, tokens);
        Assert.Equal(33 * cold.Arena.Geometry.BytesPerToken, save.StoredBytes);
        Assert.Equal(save.StoredBytes, save.WrittenBytes);
    }

    [Fact]
    public async Task An_unchanged_cache_writes_nothing_again()
    {
        await using var cold = new ColdFixture();
        int[] tokens = ColdFixture.Tokens(300);
        using KvCache cache = cold.Arena.Cache(tokens);
        await cold.PublishedAsync(cache, tokens);
        SnapshotSave again = await cold.SaveAsync(cache, tokens);
        Assert.Equal((SaveOutcome.Published, 0L, 2L), (again.Outcome, again.WrittenBytes, again.Generation));
        Assert.Equal(300 * cold.Arena.Geometry.BytesPerToken, again.StoredBytes);
    }

    [Fact]
    public async Task Appends_write_new_rows_and_join_short_segments()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small);
        int[] tokens = ColdFixture.Tokens(1000);
        using KvCache cache = cold.Arena.Cache(tokens.AsSpan(0, 100));
        await cold.PublishedAsync(cache, tokens.AsMemory(0, 100));
        long written = 0;
        for (int length = 105; length <= 1000; length += 5)
        {
            cold.Arena.Append(cache, tokens.AsSpan(length - 5, 5));
            SnapshotSave save = await cold.SaveAsync(cache, tokens.AsMemory(0, length));
            Assert.Equal(SaveOutcome.Published, save.Outcome);
            written += save.WrittenBytes;
        }

        // A row is written once, and again each time its segment doubles: from 5 to 64 slots at most 4 times.
        double each = (double)written / (900 * cold.Arena.Geometry.BytesPerToken);
        Assert.InRange(each, 1, 5);
        var statistics = await cold.Blobs.StatisticsAsync(CancellationToken.None);
        Assert.InRange(statistics.Total.Frames, 3 * 1000 / 64, 3 * ((1000 / 64) + 6));
        var (_, copy) = await cold.LoadAsync(cold.Query(tokens));
        cold.Arena.AssertSame(cache, copy);
        copy.Dispose();
    }

    [Fact]
    public async Task A_short_append_to_a_long_copy_writes_only_the_new_rows()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small);
        int[] tokens = ColdFixture.Tokens(170);
        using KvCache cache = cold.Arena.Cache(tokens.AsSpan(0, 160));
        await cold.PublishedAsync(cache, tokens.AsMemory(0, 160));
        cold.Arena.Append(cache, tokens.AsSpan(160));
        SnapshotSave save = await cold.SaveAsync(cache, tokens);
        Assert.Equal(10 * cold.Arena.Geometry.BytesPerToken, save.WrittenBytes);
    }

    [Fact]
    public async Task Frames_of_earlier_generations_are_deleted()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small);
        for (int i = 0; i < 4; i++)
        {
            int[] tokens = ColdFixture.Tokens(100 + i, stream: i);
            using KvCache cache = cold.Arena.Cache(tokens);
            SnapshotSave save = await cold.SaveAsync(cache, tokens);
            var statistics = await cold.Blobs.StatisticsAsync(CancellationToken.None);
            Assert.Equal(3 * 2, statistics.Total.Frames);
            Assert.InRange(statistics.Total.Bytes, save.StoredBytes, save.StoredBytes + 3000);
        }
    }

    [Theory]
    [InlineData(KvElementType.F32, SnapshotCodec.Raw, false)]
    [InlineData(KvElementType.Int8, SnapshotCodec.Raw, false)]
    [InlineData(KvElementType.BF16, SnapshotCodec.Packed, false)]
    [InlineData(KvElementType.Int8, SnapshotCodec.Raw, true)]
    public async Task As_many_tokens_as_agree_are_loaded(KvElementType type, SnapshotCodec codec, bool staged)
    {
        await using var cold = new ColdFixture(type, ColdFixture.Small with { Codec = codec }, staged: staged);
        int[] tokens = ColdFixture.Tokens(200);
        using KvCache original = cold.Arena.Cache(tokens);
        await cold.PublishedAsync(original, tokens);

        foreach ((int changed, int asked, int loaded) in new[] { (100, 250, 96), (250, 150, 128), (250, 250, 200), (199, 200, 192), (33, 40, 32) })
        {
            int[] query = ColdFixture.Tokens(asked, stream: 0);
            for (int i = changed; i < asked; i++)
            {
                query[i] ^= 1;
            }

            SnapshotLookup found = await cold.Store.FindAsync(cold.Query(query), CancellationToken.None);
            var (load, copy) = await cold.LoadAsync(cold.Query(query));
            using KvCache expected = cold.Arena.Cache(tokens.AsSpan(0, loaded));
            Assert.Equal((loaded, loaded, copy.PageCount), (load.Tokens, found.Tokens, found.Pages));
            cold.Arena.AssertSame(expected, copy);
            copy.Dispose();
        }
    }

    [Fact]
    public async Task A_part_reads_only_the_frames_it_needs()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small);
        int[] tokens = ColdFixture.Tokens(300);
        using KvCache original = cold.Arena.Cache(tokens);
        await cold.PublishedAsync(original, tokens);
        await cold.LoadAsync(cold.Query(tokens.AsMemory(0, 70)));
        Assert.Equal(3, cold.Blobs.FramesRead);
    }

    [Fact]
    public async Task After_another_history_only_what_agrees_is_kept()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small);
        int[] tokens = ColdFixture.Tokens(300);
        using (KvCache original = cold.Arena.Cache(tokens))
        {
            await cold.PublishedAsync(original, tokens);
        }

        tokens[130]++;
        using KvCache other = cold.Arena.Cache(tokens);
        SnapshotSave save = await cold.SaveAsync(other, tokens);
        Assert.Equal((300 - 128) * cold.Arena.Geometry.BytesPerToken, save.WrittenBytes);
        var (_, copy) = await cold.LoadAsync(cold.Query(tokens));
        cold.Arena.AssertSame(other, copy);
        copy.Dispose();
    }

    [Fact]
    public async Task A_deleted_copy_is_absent()
    {
        await using var cold = new ColdFixture();
        int[] tokens = ColdFixture.Tokens(20);
        using KvCache cache = cold.Arena.Cache(tokens);
        await cold.PublishedAsync(cache, tokens, epoch: 3);
        await cold.Store.DeleteAsync(ColdFixture.Ann, 2, CancellationToken.None);
        Assert.Null(await cold.MissAsync(cold.Query(tokens, epoch: 3)));
        await cold.Store.DeleteAsync(ColdFixture.Ann, 3, CancellationToken.None);
        Assert.Equal(MissCause.Absent, await cold.MissAsync(cold.Query(tokens, epoch: 3)));
        Assert.Equal(0, (await cold.Blobs.StatisticsAsync(CancellationToken.None)).Total.Bytes);
    }

    [Fact]
    public async Task A_full_arena_is_told_and_the_copy_stays()
    {
        await using var cold = new ColdFixture(pages: 100);
        int[] tokens = ColdFixture.Tokens(80);
        using KvCache original = cold.Arena.Cache(tokens);
        await cold.PublishedAsync(original, tokens);
        using KvCache copy = cold.Arena.Empty();
        await Assert.ThrowsAsync<ArenaFullException>(async () => await cold.Store.LoadAsync(cold.Query(tokens), copy, CancellationToken.None));
        Assert.Equal((0, 0), (copy.LogicalLength, copy.PageCount));
        original.Truncate(0);
        Assert.Equal(80, (await cold.LoadAsync(cold.Query(tokens))).Load.Tokens);
    }

    [Fact]
    public async Task What_cannot_be_saved_or_loaded_is_refused_before_anything_happens()
    {
        await using var cold = new ColdFixture();
        int[] tokens = ColdFixture.Tokens(20);
        using KvCache cache = cold.Arena.Cache(tokens);
        using KvCache empty = cold.Arena.Empty();
        await Assert.ThrowsAsync<ArgumentException>(async () => await cold.SaveAsync(cache, tokens.AsMemory(1)));
        await Assert.ThrowsAsync<ArgumentException>(async () => await cold.SaveAsync(cache, ColdFixture.Tokens(21)));
        await Assert.ThrowsAsync<ArgumentException>(async () => await cold.SaveAsync(empty, default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await cold.Store.LoadAsync(cold.Query(tokens), cache, CancellationToken.None));
    }
}
