using KVCluster.Inference.Kv;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Tests.Support;

namespace KVCluster.Storage.Tests.Snapshots;

/// <summary>Whatever becomes of stored bytes, a load ends in the cache that was saved or in a miss, never in another cache.</summary>
public sealed class FaultTests
{
    private static readonly int[] History = ColdFixture.Tokens(90);

    [Theory]
    [InlineData(SnapshotCodec.Raw, false)]
    [InlineData(SnapshotCodec.Packed, true)]
    public async Task Any_flipped_bit_of_a_manifest_is_a_miss(SnapshotCodec codec, bool encrypted)
    {
        await using ColdFixture cold = Fixture(codec, encrypted);
        using KvCache cache = cold.Arena.Cache(History);
        cold.Arena.Compact(cache, (l, h, s) => s % 5 != h);
        await cold.PublishedAsync(cache, History);
        byte[] body = (await cold.Blobs.ReadManifestAsync(ColdFixture.Ann, CancellationToken.None))!.Body.ToArray();
        MissCause[] expected = [MissCause.CorruptManifest, MissCause.UnknownVersion, MissCause.NoKey];
        for (int bit = 0; bit < 8 * body.Length; bit += body.Length > 2000 ? 3 : 1)
        {
            Replace(cold, Flip(body, bit));
            Assert.Contains((await cold.MissAsync(cold.Query(History)))!.Value, expected);
        }
    }

    [Fact]
    public async Task Any_truncation_of_a_manifest_is_a_miss()
    {
        await using ColdFixture cold = Fixture();
        using KvCache cache = cold.Arena.Cache(History);
        await cold.PublishedAsync(cache, History);
        byte[] body = (await cold.Blobs.ReadManifestAsync(ColdFixture.Ann, CancellationToken.None))!.Body.ToArray();
        for (int length = 0; length < body.Length; length++)
        {
            Replace(cold, body[..length]);
            Assert.Equal(MissCause.CorruptManifest, await cold.MissAsync(cold.Query(History)));
        }

        Replace(cold, [.. body, 0]);
        Assert.Equal(MissCause.CorruptManifest, await cold.MissAsync(cold.Query(History)));
        Replace(cold, body);
        Assert.Null(await cold.MissAsync(cold.Query(History)));
    }

    [Theory]
    [InlineData(SnapshotCodec.Raw, false, false)]
    [InlineData(SnapshotCodec.Raw, false, true)]
    [InlineData(SnapshotCodec.Packed, false, false)]
    [InlineData(SnapshotCodec.Int4, true, false)]
    public async Task Any_flipped_bit_of_a_frame_is_a_miss(SnapshotCodec codec, bool encrypted, bool staged)
    {
        await using ColdFixture cold = Fixture(codec, encrypted, staged);
        using KvCache cache = cold.Arena.Cache(History);
        await cold.PublishedAsync(cache, History);
        var random = new Random(5);
        for (int i = 0; i < 100; i++)
        {
            int frame = random.Next(6);
            cold.Blobs.AfterRead = (id, parts, read) =>
            {
                if (id.Number == frame)
                {
                    Memory<byte> part = parts[random.Next(parts.Count)];
                    part.Span[random.Next(part.Length)] ^= (byte)(1 << random.Next(8));
                }

                return read;
            };
            Assert.Equal(MissCause.CorruptFrame, await cold.MissAsync(cold.Query(History)));
        }

        cold.Blobs.AfterRead = null;
        Assert.Null(await cold.MissAsync(cold.Query(History)));
    }

    [Fact]
    public async Task Damage_on_the_disk_is_a_miss()
    {
        await using ColdFixture cold = Fixture();
        using KvCache cache = cold.Arena.Cache(History);
        await cold.PublishedAsync(cache, History);
        string[] files = Directory.GetFiles(cold.Path, "*", SearchOption.AllDirectories);
        foreach (string path in files.Where(p => p.EndsWith(".frame") || p.EndsWith("manifest")))
        {
            byte[] content = File.ReadAllBytes(path);
            MissCause cause = path.EndsWith("manifest") ? MissCause.CorruptManifest : MissCause.CorruptFrame;
            foreach (byte[] damaged in new[] { Flip(content, 8 * (content.Length / 2)), Flip(content, 77), content[..^1], [.. content, 1], [] })
            {
                File.WriteAllBytes(path, damaged);
                Assert.Equal(cause, await cold.MissAsync(cold.Query(History)));
            }

            File.Delete(path);
            Assert.Equal(path.EndsWith("manifest") ? MissCause.Absent : MissCause.MissingFrame, await cold.MissAsync(cold.Query(History)));
            File.WriteAllBytes(path, content);
            Assert.Null(await cold.MissAsync(cold.Query(History)));
        }
    }

    [Fact]
    public async Task A_damaged_copy_is_replaced_by_the_next_save()
    {
        await using ColdFixture cold = Fixture();
        using KvCache cache = cold.Arena.Cache(History);
        await cold.PublishedAsync(cache, History, epoch: 5);
        string path = Directory.GetFiles(cold.Path, "manifest", SearchOption.AllDirectories).Single();
        File.WriteAllBytes(path, Flip(File.ReadAllBytes(path), 99));
        SnapshotSave save = await cold.SaveAsync(cache, History, epoch: 5);
        Assert.Equal((SaveOutcome.Published, save.StoredBytes), (save.Outcome, save.WrittenBytes));
        var (_, copy) = await cold.LoadAsync(cold.Query(History, epoch: 5));
        cold.Arena.AssertSame(cache, copy);
        copy.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_broken_frame_that_a_load_has_met_is_written_again_by_the_next_save(bool gone)
    {
        await using ColdFixture cold = Fixture();
        using KvCache cache = cold.Arena.Cache(History);
        await cold.PublishedAsync(cache, History);
        string path = Directory.GetFiles(cold.Path, "*.frame", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
        byte[] content = File.ReadAllBytes(path);
        File.Delete(path);
        if (!gone)
        {
            File.WriteAllBytes(path, Flip(content, 77));
        }

        Assert.Equal(gone ? MissCause.MissingFrame : MissCause.CorruptFrame, await cold.MissAsync(cold.Query(History)));
        await cold.PublishedAsync(cache, History);
        var (load, copy) = await cold.LoadAsync(cold.Query(History));
        Assert.Null(load.Miss);
        cold.Arena.AssertSame(cache, copy);
        copy.Dispose();
    }

    [Fact]
    public async Task A_publication_whose_answer_was_lost_keeps_its_frames()
    {
        await using ColdFixture cold = Fixture();
        using KvCache cache = cold.Arena.Cache(History);
        cold.Blobs.AfterPublish = () => throw new StoreUnavailableException("the answer was lost");
        Assert.Equal(SaveOutcome.Unavailable, (await cold.SaveAsync(cache, History)).Outcome);
        cold.Blobs.AfterPublish = null;
        var (load, copy) = await cold.LoadAsync(cold.Query(History));
        Assert.Equal((null, 90), (load.Miss, load.Tokens));
        cold.Arena.AssertSame(cache, copy);
        copy.Dispose();
    }

    [Fact]
    public async Task Frames_that_changed_places_are_a_miss()
    {
        foreach (bool encrypted in new[] { false, true })
        {
            await using ColdFixture cold = Fixture(encrypted: encrypted);
            using KvCache cache = cold.Arena.Cache(History);
            await cold.PublishedAsync(cache, History);
            string[] frames = [.. Directory.GetFiles(cold.Path, "*.frame", SearchOption.AllDirectories).OrderBy(f => new FileInfo(f).Length)];
            byte[] first = File.ReadAllBytes(frames[0]);
            File.Copy(frames[1], frames[0], overwrite: true);
            File.WriteAllBytes(frames[1], first);
            Assert.Equal(MissCause.CorruptFrame, await cold.MissAsync(cold.Query(History)));
        }
    }

    [Fact]
    public async Task Another_owners_manifest_is_a_miss()
    {
        foreach (bool encrypted in new[] { false, true })
        {
            await using ColdFixture cold = Fixture(encrypted: encrypted);
            using KvCache cache = cold.Arena.Cache(History);
            foreach (SnapshotOwner other in new[] { new SnapshotOwner("acme", "bob"), new SnapshotOwner("bolt", "ann") })
            {
                await cold.PublishedAsync(cache, History, owner: other);
                StoredManifest? foreign = await cold.Blobs.Inner.ReadManifestAsync(other, CancellationToken.None);
                cold.Blobs.OnManifest = _ => foreign;
                MissCause? cause = await cold.MissAsync(cold.Query(History));
                Assert.Contains(cause!.Value, encrypted ? [MissCause.CorruptManifest, MissCause.NoKey] : new[] { MissCause.ForeignOwner });
                cold.Blobs.OnManifest = null;
            }
        }
    }

    [Fact]
    public async Task An_earlier_manifest_put_back_is_a_miss()
    {
        await using ColdFixture cold = Fixture();
        using KvCache cache = cold.Arena.Cache(History);
        await cold.PublishedAsync(cache, History, epoch: 1);
        StoredManifest? old = await cold.Blobs.Inner.ReadManifestAsync(ColdFixture.Ann, CancellationToken.None);
        await cold.PublishedAsync(cache, History, epoch: 2);
        StoredManifest? present = await cold.Blobs.Inner.ReadManifestAsync(ColdFixture.Ann, CancellationToken.None);
        cold.Blobs.OnManifest = _ => present! with { Body = old!.Body };
        Assert.Equal(MissCause.CorruptManifest, await cold.MissAsync(cold.Query(History, epoch: 2)));
    }

    [Fact]
    public async Task Other_terms_are_a_miss()
    {
        await using ColdFixture cold = Fixture();
        using KvCache cache = cold.Arena.Cache(History);
        await cold.PublishedAsync(cache, History);
        SnapshotQuery query = cold.Query(History);
        Assert.Equal(MissCause.ForeignTerms, await cold.MissAsync(query with { Terms = query.Terms with { ModelFingerprint = "model-1, rope 2" } }));

        using var bf16 = new TestArena(type: KvElementType.BF16);
        using KvCache other = bf16.Empty();
        SnapshotLoad load = await cold.Store.LoadAsync(
            query with { Terms = query.Terms with { Geometry = bf16.Geometry } }, other, CancellationToken.None);
        Assert.Equal((MissCause.ForeignTerms, 0), (load.Miss, other.PageCount));
    }

    [Fact]
    public async Task A_copy_of_other_terms_is_replaced_whole()
    {
        await using ColdFixture cold = Fixture();
        using KvCache cache = cold.Arena.Cache(History);
        SnapshotSource source = Source(cold, cache);
        await cold.Store.SaveAsync(source with { Terms = source.Terms with { ModelFingerprint = "model-0" } }, CancellationToken.None);
        SnapshotSave save = await cold.SaveAsync(cache, History);
        Assert.Equal(save.StoredBytes, save.WrittenBytes);
        Assert.Equal(6, (await cold.Blobs.StatisticsAsync(CancellationToken.None)).Total.Frames);
    }

    [Fact]
    public async Task An_unreachable_store_is_a_miss_and_a_refused_save()
    {
        await using ColdFixture cold = Fixture();
        using KvCache cache = cold.Arena.Cache(History);
        await cold.PublishedAsync(cache, History);
        cold.Blobs.BeforeRead = id => id.Number == 3 ? throw new StoreUnavailableException("gone") : Task.CompletedTask;
        Assert.Equal(MissCause.Unavailable, await cold.MissAsync(cold.Query(History)));
        cold.Blobs.BeforeRead = null;
        cold.Blobs.BeforePublish = () => throw new StoreUnavailableException("gone");
        cold.Arena.Append(cache, [1, 2, 3]);
        int[] longer = [.. History, 1, 2, 3];
        SnapshotSave save = await cold.SaveAsync(cache, longer);
        Assert.Equal((SaveOutcome.Unavailable, "gone"), (save.Outcome, save.Reason));
        cold.Blobs.OnManifest = _ => throw new StoreUnavailableException("gone");
        Assert.Equal(MissCause.Unavailable, (await cold.Store.FindAsync(cold.Query(History), CancellationToken.None)).Miss);
        cold.Blobs.OnManifest = null;
        Assert.Equal(90, (await cold.LoadAsync(cold.Query(longer))).Load.Tokens);
    }

    [Fact]
    public async Task A_cancelled_load_leaves_the_cache_empty_and_a_cancelled_save_the_copy()
    {
        await using ColdFixture cold = Fixture();
        using KvCache cache = cold.Arena.Cache(History);
        await cold.PublishedAsync(cache, History);
        using var cancel = new CancellationTokenSource();
        cold.Blobs.BeforeRead = async id => await cancel.CancelAsync();
        using KvCache copy = cold.Arena.Empty();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await cold.Store.LoadAsync(cold.Query(History), copy, cancel.Token));
        Assert.Equal((0, 0), (copy.LogicalLength, copy.PageCount));

        cold.Blobs.BeforeRead = null;
        using var again = new CancellationTokenSource();
        cold.Blobs.BeforePublish = again.CancelAsync;
        cold.Arena.Append(cache, [1, 2, 3]);
        SnapshotSource longer = Source(cold, cache) with { Tokens = History.Concat([1, 2, 3]).ToArray() };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await cold.Store.SaveAsync(longer, again.Token));
        Assert.Equal(90, (await cold.LoadAsync(cold.Query(longer.Tokens))).Load.Tokens);
        Assert.Equal(6, (await cold.Blobs.StatisticsAsync(CancellationToken.None)).Total.Frames);
    }

    [Fact]
    public async Task A_save_that_cannot_delete_old_frames_is_published_all_the_same()
    {
        await using ColdFixture cold = Fixture();
        using KvCache cache = cold.Arena.Cache(History);
        await cold.PublishedAsync(cache, History);
        cold.Blobs.DeleteFault = new StoreUnavailableException("gone");
        int[] other = ColdFixture.Tokens(90, 4);
        using KvCache changed = cold.Arena.Cache(other);
        await cold.PublishedAsync(changed, other);
        Assert.Null(await cold.MissAsync(cold.Query(other)));
    }

    [Fact]
    public async Task A_manifest_forged_at_random_never_breaks_the_arena()
    {
        // Without a key, whoever can write to the store can make any checksum right: what he publishes must still be refused or fit.
        await using ColdFixture cold = Fixture();
        using KvCache cache = cold.Arena.Cache(History);
        cold.Arena.Compact(cache, (l, h, s) => s % 2 == h);
        await cold.PublishedAsync(cache, History);
        StoredManifest stored = (await cold.Blobs.ReadManifestAsync(ColdFixture.Ann, CancellationToken.None))!;
        var random = new Random(11);
        int misses = 0;
        for (int i = 0; i < 3000; i++)
        {
            Replace(cold, ManifestForge.Damage(stored.Body.ToArray(), random));
            try
            {
                var (load, copy) = await cold.LoadAsync(cold.Query(History));
                misses += load.Miss is null ? 0 : 1;
                copy.Dispose();
            }
            catch (ArenaFullException)
            {
                misses++;
            }
        }

        Assert.InRange(misses, 1500, 3000);
    }

    private static ColdFixture Fixture(SnapshotCodec codec = SnapshotCodec.Raw, bool encrypted = false, bool staged = false) =>
        new(options: ColdFixture.Small with { Codec = codec, Keys = encrypted ? ColdFixture.Keys("k1") : null }, staged: staged);

    private static SnapshotSource Source(ColdFixture cold, KvCache cache) =>
        new() { Owner = ColdFixture.Ann, Terms = cold.Terms, Epoch = 1, Cache = cache, Tokens = History };

    private static void Replace(ColdFixture cold, byte[] body) => cold.Blobs.OnManifest = stored => stored! with { Body = body };

    private static byte[] Flip(byte[] bytes, int bit)
    {
        byte[] flipped = [.. bytes];
        flipped[bit / 8] ^= (byte)(1 << (bit % 8));
        return flipped;
    }
}
