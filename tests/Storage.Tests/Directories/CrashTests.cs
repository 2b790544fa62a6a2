using KVCluster.Inference.Kv;
using KVCluster.Storage.Directories;
using KVCluster.Storage.Tests.Support;

namespace KVCluster.Storage.Tests.Directories;

/// <summary>The power fails before each step a save takes: what is there afterwards is the earlier copy or the later one.</summary>
public sealed class CrashTests
{
    private static readonly int[] History = ColdFixture.Tokens(100);
    private static readonly int[] Longer = [.. History, .. ColdFixture.Tokens(40, 3)];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_crash_before_any_step_of_a_save_leaves_one_whole_copy(bool encrypted)
    {
        SnapshotStoreOptions options = ColdFixture.Small with { Keys = encrypted ? ColdFixture.Keys("k1") : null };
        int crashed = 0;
        var loaded = new HashSet<int>();
        for (int step = 0; ; step++)
        {
            await using var cold = new ColdFixture(options: options);
            using KvCache cache = cold.Arena.Cache(History);
            await cold.PublishedAsync(cache, History);
            cold.Arena.Append(cache, Longer.AsSpan(100));
            int left = step;
            await cold.ReopenAsync(before: _ =>
            {
                if (Interlocked.Decrement(ref left) < 0)
                {
                    throw new PowerFailure();
                }
            });
            bool failed = await Crashes(cold, cache);
            await cold.ReopenAsync();

            var (load, copy) = await cold.LoadAsync(cold.Query(Longer));
            Assert.Contains(load.Tokens, new[] { 100, 140 });
            using KvCache expected = cold.Arena.Cache(Longer.AsSpan(0, load.Tokens));
            cold.Arena.AssertSame(expected, copy);
            copy.Dispose();
            loaded.Add(load.Tokens);

            // The next save works, and counts are those of the files.
            await cold.PublishedAsync(cache, Longer);
            Assert.Equal(140, (await cold.Store.FindAsync(cold.Query(Longer), CancellationToken.None)).Tokens);
            await AssertCounted(cold);
            crashed += failed ? 1 : 0;
            if (!failed)
            {
                break;
            }
        }

        Assert.Equal([100, 140], loaded.Order());
        Assert.InRange(crashed, 12, 100);
    }

    [Fact]
    public async Task A_crash_during_the_first_save_leaves_nothing_that_is_found()
    {
        for (int step = 0; step < 10; step++)
        {
            await using var cold = new ColdFixture(options: ColdFixture.Small);
            using KvCache cache = cold.Arena.Cache(History);
            int left = step;
            await cold.ReopenAsync(before: _ =>
            {
                if (Interlocked.Decrement(ref left) < 0)
                {
                    throw new PowerFailure();
                }
            });
            Assert.True(await Crashes(cold, cache, History));
            await cold.ReopenAsync();
            Assert.Equal(MissCause.Absent, await cold.MissAsync(cold.Query(History)));
            await cold.PublishedAsync(cache, History);
            await AssertCounted(cold);
        }
    }

    [Fact]
    public async Task What_a_crash_left_behind_is_swept()
    {
        using var folder = new TemporaryFolder();
        var time = new ManualTime();
        var options = new DirectoryBlobStoreOptions
        {
            Path = folder.Path,
            Budget = new() { TotalBytes = 1 << 20 },
            SweepInterval = TimeSpan.Zero,
            Time = time,
        };
        var owner = new SnapshotOwner("acme", "ann");
        await using (var store = new DirectoryBlobStore(options))
        {
            await store.WriteFrameAsync(owner, new(1, 1, 0), [new byte[1000]], CancellationToken.None);
            await store.PublishAsync(
                owner, new() { Expected = null, Stamp = new(1, 1), Body = new byte[10], Frames = [new(1, 1, 0)] }, CancellationToken.None);
            await store.WriteFrameAsync(owner, new(1, 2, 0), [new byte[500]], CancellationToken.None);
        }

        await using var reopened = new DirectoryBlobStore(options);
        Assert.Equal(2, (await reopened.StatisticsAsync(CancellationToken.None)).Total.Frames);
        Assert.Equal(0, await reopened.SweepAsync(CancellationToken.None));
        time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(500, await reopened.SweepAsync(CancellationToken.None));
        Assert.NotNull(await reopened.ReadManifestAsync(owner, CancellationToken.None));
        time.Advance(TimeSpan.FromDays(8));
        await reopened.SweepAsync(CancellationToken.None);
        Assert.Equal(["lock"], Directory.GetFileSystemEntries(folder.Path).Select(p => Path.GetFileName(p)!));
    }

    /// <summary>A process that dies does not clean up: what the save does after the failure, on its way out, fails too.</summary>
    private static async Task<bool> Crashes(ColdFixture cold, KvCache cache, int[]? tokens = null)
    {
        try
        {
            await cold.PublishedAsync(cache, tokens ?? Longer);
            return false;
        }
        catch (PowerFailure)
        {
            return true;
        }
    }

    private static async Task AssertCounted(ColdFixture cold)
    {
        var total = (await cold.Blobs.StatisticsAsync(CancellationToken.None)).Total;
        FileInfo[] files = [.. new DirectoryInfo(cold.Path).GetFiles("*", SearchOption.AllDirectories)];
        FileInfo[] frames = [.. files.Where(f => f.Extension == ".frame")];
        Assert.Equal(frames.Length, total.Frames);
        Assert.Equal(frames.Sum(f => f.Length) + files.Where(f => f.Name == "manifest").Sum(f => f.Length), total.Bytes);
    }

    private sealed class PowerFailure : Exception;
}
