using KVCluster.Storage.Blobs;
using KVCluster.Storage.Directories;
using KVCluster.Storage.Tests.Support;

namespace KVCluster.Storage.Tests.Directories;

public sealed class DirectoryFaultTests : IDisposable
{
    private static readonly SnapshotOwner Ann = new("acme", "ann");
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_full_disk_is_over_budget_and_leaves_nothing()
    {
        await using DirectoryBlobStore store = Open();
        await store.WriteFrameAsync(Ann, new(1, 1, 0), [new byte[10]], None);
        string frames = Path.GetDirectoryName(Directory.GetFiles(_folder.Path, "*.frame", SearchOption.AllDirectories).Single())!;
        var full = new FrameId(1, 1, 1);
        if (File.Exists("/dev/full"))
        {
            File.CreateSymbolicLink(Path.Combine(frames, full + ".frame"), "/dev/full");
            Assert.Equal(FrameWrite.OverBudget, await store.WriteFrameAsync(Ann, full, [new byte[100]], None));
            File.CreateSymbolicLink(Path.Combine(frames, "manifest.tmp"), "/dev/full");
            Assert.Equal(PublishResult.OverBudget, await store.PublishAsync(Ann, Publication(), None));
        }

        Assert.Equal(FrameRead.Missing, await store.ReadFrameAsync(Ann, full, [new byte[100]], None));
        Assert.Equal(new BlobUsage(10, 1, 0), (await store.StatisticsAsync(None)).Total);
        Assert.Equal(PublishResult.Published, await store.PublishAsync(Ann, Publication(), None));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_disk_that_fails_while_writing_is_told(bool full)
    {
        var failure = full ? new IOException("disk full", OperatingSystem.IsWindows() ? unchecked((int)0x80070070) : 28) : new IOException("broken");
        bool armed = true;
        await using DirectoryBlobStore store = Open(step =>
        {
            if (armed && step is DirectoryStep.SyncFrame or DirectoryStep.SyncManifest)
            {
                throw failure;
            }
        });
        Task<FrameWrite> frame = store.WriteFrameAsync(Ann, new(1, 1, 0), [new byte[10]], None).AsTask();
        Task<PublishResult> manifest = store.PublishAsync(Ann, Publication(), None).AsTask();
        if (full)
        {
            Assert.Equal((FrameWrite.OverBudget, PublishResult.OverBudget), (await frame, await manifest));
        }
        else
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(() => frame);
            await Assert.ThrowsAsync<StoreUnavailableException>(() => manifest);
        }

        Assert.Equal(0, (await store.StatisticsAsync(None)).Total.Bytes);
        Assert.Null(await store.ReadManifestAsync(Ann, None));
        armed = false;
    }

    [Fact]
    public async Task A_folder_that_may_not_be_written_is_unavailable()
    {
        // A file where a folder should be: what a missing permission comes to, for root too.
        await using DirectoryBlobStore store = Open();
        await store.WriteFrameAsync(Ann, new(1, 1, 0), [new byte[10]], None);
        string tenant = Directory.GetDirectories(_folder.Path).Single();
        Directory.Delete(tenant, recursive: true);
        await File.WriteAllTextAsync(tenant, "in the way");
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.WriteFrameAsync(Ann, new(1, 1, 1), [new byte[10]], None));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.PublishAsync(Ann, Publication(), None));
        File.Delete(tenant);
        Assert.Equal(FrameWrite.Written, await store.WriteFrameAsync(Ann, new(1, 1, 2), [new byte[10]], None));
    }

    [Fact]
    public void A_path_that_cannot_be_made_is_unavailable()
    {
        string file = Path.Combine(_folder.Path, "file");
        File.WriteAllText(file, "");
        Assert.Throws<StoreUnavailableException>(() => new DirectoryBlobStore(Options() with { Path = Path.Combine(file, "cold") }));
    }

    [Fact]
    public async Task A_second_process_is_kept_out_and_may_look()
    {
        await using DirectoryBlobStore store = Open();
        await store.WriteFrameAsync(Ann, new(1, 1, 0), [new byte[10]], None);
        await store.PublishAsync(Ann, Publication(new FrameId(1, 1, 0)), None);
        var refused = Assert.Throws<StoreUnavailableException>(() => Open());
        Assert.Contains("another process", refused.Message);

        await using var looking = new DirectoryBlobStore(Options() with { ReadOnly = true });
        Assert.NotNull(await looking.ReadManifestAsync(Ann, None));
        Assert.Equal(1, (await looking.StatisticsAsync(None)).Total.Frames);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await looking.DeleteAsync(Ann, 9, None));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await looking.WriteFrameAsync(Ann, new(1, 2, 0), [new byte[1]], None));
    }

    [Fact]
    public async Task Counts_are_those_of_the_disk_when_opened_again()
    {
        BlobUsage before;
        await using (DirectoryBlobStore store = Open())
        {
            await store.WriteFrameAsync(Ann, new(1, 1, 0), [new byte[1000]], None);
            await store.WriteFrameAsync(new("bolt", "b"), new(1, 1, 0), [new byte[500]], None);
            await store.PublishAsync(Ann, Publication(new FrameId(1, 1, 0)), None);
            before = (await store.StatisticsAsync(None)).Total;
        }

        await using DirectoryBlobStore again = Open();
        BlobStatistics statistics = await again.StatisticsAsync(None);
        Assert.Equal(before, statistics.Total);
        Assert.Equal(500, statistics.Tenants["bolt"].Bytes);
    }

    [Theory]
    [InlineData("*.frame")]
    [InlineData("*")]
    public async Task Files_that_somebody_took_away_leave_the_budget_with_the_next_sweep(string pattern)
    {
        await using DirectoryBlobStore store = Open();
        await store.WriteFrameAsync(Ann, new(1, 1, 0), [new byte[1000]], None);
        await store.PublishAsync(Ann, Publication(new FrameId(1, 1, 0)), None);
        await store.WriteFrameAsync(new("bolt", "b"), new(1, 1, 0), [new byte[500]], None);
        string folder = Path.GetDirectoryName(Directory.GetFiles(_folder.Path, "manifest", SearchOption.AllDirectories).Single())!;
        long manifest = pattern == "*" ? 0 : new FileInfo(Path.Combine(folder, "manifest")).Length;
        foreach (string file in Directory.GetFiles(folder, pattern))
        {
            File.Delete(file);
        }

        if (pattern == "*")
        {
            Directory.Delete(folder);
        }

        await store.SweepAsync(None);
        BlobStatistics statistics = await store.StatisticsAsync(None);
        Assert.Equal(new BlobUsage(500 + manifest, 1, manifest > 0 ? 1 : 0), statistics.Total);
        Assert.Equal(manifest, statistics.Tenants.GetValueOrDefault("acme").Bytes);
    }

    [Fact]
    public async Task Files_that_somebody_put_back_are_counted_and_can_be_deleted()
    {
        await using DirectoryBlobStore store = Open();
        await store.WriteFrameAsync(Ann, new(1, 1, 0), [new byte[1000]], None);
        await store.PublishAsync(Ann, Publication(), None);
        long manifest = (await store.StatisticsAsync(None)).Total.Bytes - 1000;
        string frame = Directory.GetFiles(_folder.Path, "*.frame", SearchOption.AllDirectories).Single();
        File.Move(frame, frame + ".kept");
        await store.SweepAsync(None);
        Assert.Equal(new BlobUsage(manifest, 0, 1), (await store.StatisticsAsync(None)).Total);
        File.Move(frame + ".kept", frame);
        File.SetLastWriteTimeUtc(frame, _time.GetUtcNow().UtcDateTime);
        await store.SweepAsync(None);
        Assert.Equal(new BlobUsage(1000 + manifest, 1, 1), (await store.StatisticsAsync(None)).Total);
        await store.DeleteFramesAsync(Ann, [new(1, 1, 0)], None);
        Assert.Equal(new BlobUsage(manifest, 0, 1), (await store.StatisticsAsync(None)).Total);
    }

    [Fact]
    public async Task What_is_being_written_while_its_folder_is_counted_stays_counted()
    {
        using var reached = new SemaphoreSlim(0);
        using var goOn = new SemaphoreSlim(0);
        bool armed = false;
        await using DirectoryBlobStore store = Open(step =>
        {
            if (armed && step == DirectoryStep.WriteFrame)
            {
                reached.Release();
                Assert.True(goOn.Wait(TimeSpan.FromSeconds(20)));
            }
        });
        await store.PublishAsync(Ann, Publication(), None);
        long manifest = (await store.StatisticsAsync(None)).Total.Bytes;
        armed = true;
        Task<FrameWrite> writing = store.WriteFrameAsync(Ann, new(1, 1, 0), [new byte[1000]], None).AsTask();
        Assert.True(await reached.WaitAsync(TimeSpan.FromSeconds(20)));
        await store.SweepAsync(None);
        Assert.Equal(1000 + manifest, (await store.StatisticsAsync(None)).Total.Bytes);
        goOn.Release();
        Assert.Equal(FrameWrite.Written, await writing);
        await store.SweepAsync(None);
        Assert.Equal(1000 + manifest, (await store.StatisticsAsync(None)).Total.Bytes);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_swept_does_not_keep_the_others()
    {
        SnapshotOwner[] owners = [Ann, new("acme", "bob"), new("bolt", "cy")];
        await using DirectoryBlobStore store = Open();
        foreach (SnapshotOwner owner in owners)
        {
            await store.WriteFrameAsync(owner, new(1, 1, 0), [new byte[100]], None);
        }

        // A folder where the first one's note of its owner should be.
        string first = Directory.GetDirectories(_folder.Path).SelectMany(Directory.GetDirectories).First();
        File.Delete(Path.Combine(first, "owner"));
        Directory.CreateDirectory(Path.Combine(first, "owner"));
        _time.Advance(TimeSpan.FromHours(2));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.SweepAsync(None));
        Assert.Equal(100, (await store.StatisticsAsync(None)).Total.Bytes);
    }

    [Fact]
    public async Task A_folder_whose_owner_is_unknown_is_removed_when_opened()
    {
        await using (DirectoryBlobStore store = Open())
        {
            await store.WriteFrameAsync(Ann, new(1, 1, 0), [new byte[1000]], None);
            await store.PublishAsync(Ann, Publication(new FrameId(1, 1, 0)), None);
        }

        string owner = Directory.GetFiles(_folder.Path, "owner", SearchOption.AllDirectories).Single();
        await File.WriteAllBytesAsync(owner, OwnerFolder.Describe(new("acme", "bob")));
        await using DirectoryBlobStore again = Open();
        Assert.Equal(default, (await again.StatisticsAsync(None)).Total);
        Assert.Null(await again.ReadManifestAsync(Ann, None));
    }

    [Theory]
    [InlineData("state/sessions/ann.json")]
    [InlineData("0123456789abcdef0123456789abcdef/notes/ann.frame")]
    [InlineData("0123456789abcdef0123456789abcdef/fedcba9876543210fedcba9876543210/notes.json")]
    [InlineData("0123456789abcdef0123456789abcdef/fedcba9876543210fedcba9876543210/notes/ann.frame")]
    public async Task What_somebody_else_keeps_in_the_folder_stays(string name)
    {
        string file = Path.Combine(_folder.Path, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, "theirs");
        File.SetLastWriteTimeUtc(file, _time.GetUtcNow().UtcDateTime.AddYears(-1));
        await using (DirectoryBlobStore store = Open())
        {
            await store.WriteFrameAsync(Ann, new(1, 1, 0), [new byte[10]], None);
            await store.SweepAsync(None);
        }

        Assert.Equal("theirs", await File.ReadAllTextAsync(file));
    }

    [Fact]
    public async Task A_clock_that_was_ahead_leaves_nothing_for_ever()
    {
        await using DirectoryBlobStore store = Open();
        await store.WriteFrameAsync(Ann, new(1, 1, 0), [new byte[10]], None);
        await store.PublishAsync(Ann, Publication(new FrameId(1, 1, 0)), None);
        string manifest = Directory.GetFiles(_folder.Path, "manifest", SearchOption.AllDirectories).Single();
        File.SetLastWriteTimeUtc(manifest, _time.GetUtcNow().UtcDateTime.AddHours(3));
        Assert.NotNull(await store.ReadManifestAsync(Ann, None));
        File.SetLastWriteTimeUtc(manifest, _time.GetUtcNow().UtcDateTime.AddYears(3));
        Assert.Null(await store.ReadManifestAsync(Ann, None));
        await store.SweepAsync(None);
        Assert.Equal(0, (await store.StatisticsAsync(None)).Total.Bytes);
    }

    [Fact]
    public async Task The_timer_sweeps()
    {
        var time = new StepTimer();
        await using var store = new DirectoryBlobStore(Options() with { Time = time, SweepInterval = TimeSpan.FromMinutes(1) });
        await store.WriteFrameAsync(Ann, new(1, 1, 0), [new byte[10]], None);
        time.Advance(TimeSpan.FromDays(1));
        time.Fire();
        Assert.Equal(0, (await store.StatisticsAsync(None)).Total.Bytes);
    }

    public void Dispose() => _folder.Dispose();

    private static ManifestPublication Publication(params FrameId[] frames) =>
        new() { Expected = null, Stamp = new(1, 1), Body = new byte[] { 1, 2, 3 }, Frames = frames };

    private DirectoryBlobStoreOptions Options() =>
        new() { Path = _folder.Path, Budget = new BlobBudget { TotalBytes = 1 << 20 }, SweepInterval = TimeSpan.Zero, Time = _time };

    private DirectoryBlobStore Open(Action<DirectoryStep>? before = null) => new(Options() with { Before = before });

    /// <summary>A clock whose timers fire when told to.</summary>
    private sealed class StepTimer : TimeProvider
    {
        private Action? _fire;
        private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => _now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _fire = () => callback(state);
            return new Silent();
        }

        public void Advance(TimeSpan by) => _now += by;

        public void Fire() => _fire!();

        private sealed class Silent : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => default;
        }
    }
}
