using KVCluster.Worker.Serving;

namespace KVCluster.Worker.Tests.Serving;

/// <summary>A session taken off the device while its cache is on the way there.</summary>
public sealed class FetchEvictionTests
{
    /// <summary>No look and no load takes too long, however slow the machine.</summary>
    private static DeviceWorkerOptions Still => ServingFixture.Plain with { Time = new ServingTime() };

    [Theory]
    [InlineData("find")]
    [InlineData("load")]
    public async Task What_is_on_its_way_does_not_arrive_after_its_session_was_evicted(string step)
    {
        var store = new MemorySnapshotStore();
        await using var serving = new ServingFixture(Still, store);
        (Task prefetch, TaskCompletionSource release) = await Begin(serving, store, step);
        long held = serving.Ledger().TotalBytes - serving.Ledger().FreeBytes;
        Task<EvictReport> evict = serving.Worker.EvictAsync(ServingFixture.Key("a"), 1, save: true, default).AsTask();
        Assert.Equal(ResidentState.Attaching, (await serving.Describe("a"))!.State);
        release.SetResult();
        EvictReport report = await evict.WaitAsync(ServingFixture.Patience);
        await prefetch.WaitAsync(ServingFixture.Patience);
        Assert.Equal((held, null), (report.FreedBytes, report.Saved));
        Assert.Equal(ResidentState.Cold, (await serving.Describe("a"))!.State);
        Assert.Equal(serving.Ledger().TotalPages, serving.Ledger().FreePages);
    }

    [Fact]
    public async Task A_store_that_heeds_its_cancellation_is_not_waited_for()
    {
        var store = new MemorySnapshotStore();
        await using var serving = new ServingFixture(Still, store);
        (Task prefetch, _) = await Begin(serving, store, "load", heeds: true);
        EvictReport report = await serving.Worker.EvictAsync(ServingFixture.Key("a"), 1, save: false, default).AsTask().WaitAsync(ServingFixture.Patience);
        await prefetch.WaitAsync(ServingFixture.Patience);
        Assert.True(report.FreedBytes > 0);
        Assert.Equal(serving.Ledger().TotalPages, serving.Ledger().FreePages);
    }

    [Fact]
    public async Task A_turn_that_came_meanwhile_keeps_what_it_waits_for_and_the_eviction_is_refused()
    {
        var store = new MemorySnapshotStore();
        await using var serving = new ServingFixture(Still with { AssumedLoadBytesPerSecond = 1e12 }, store);
        (Task prefetch, TaskCompletionSource release) = await Begin(serving, store, "load");
        Task<EvictReport> evict = serving.Worker.EvictAsync(ServingFixture.Key("a"), 1, save: true, default).AsTask();
        Task<TurnEnd> turn = serving.Run(serving.Turn("a", serving.Document(), []));
        while (serving.Worker.Status().Waiting == 0)
        {
            await Task.Delay(1);
        }

        release.SetResult();
        await Assert.ThrowsAsync<TurnInProgressException>(() => evict);
        Assert.Equal(NeedleFixture.Answer, (await turn).Completion!.Text);
        Assert.Equal(1, store.Loads);
        await prefetch.WaitAsync(ServingFixture.Patience);
    }

    /// <summary>A session with a cold copy whose fetch waits at this step of the store.</summary>
    private static async Task<(Task Prefetch, TaskCompletionSource Release)> Begin(ServingFixture serving, MemorySnapshotStore store, string step, bool heeds = false)
    {
        int[] document = serving.Document();
        await serving.Run(serving.Append("a", [], document));
        await serving.Worker.EvictAsync(ServingFixture.Key("a"), 1, save: true, default);
        var reached = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        store.Gate = (what, end) =>
        {
            if (what != step)
            {
                return Task.CompletedTask;
            }

            reached.TrySetResult();
            return heeds ? release.Task.WaitAsync(end) : release.Task;
        };
        Task prefetch = serving.Worker.PrefetchAsync(new AttachRequest(ServingFixture.Key("a"), 1, document), default).AsTask();
        await reached.Task.WaitAsync(ServingFixture.Patience);
        return (prefetch, release);
    }
}
