using KVCluster.Storage;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Device;
using KVCluster.Worker.Serving.Pressure;
using KVCluster.Worker.Tests.Serving.Pressure;

namespace KVCluster.Worker.Tests.Serving;

/// <summary>What comes between the beginning of a save and its end.</summary>
public sealed class SavesUnderWayTests
{
    private readonly TaskCompletionSource[] _ends = [New(), New(), New()];
    private int _begun;

    private static DevicePressureOptions Leaving => PressedFixture.Usual with { Compress = false };

    [Fact]
    public async Task A_session_is_closed_when_its_earlier_saves_have_ended_too()
    {
        MemorySnapshotStore store = Held();
        await using var serving = new ServingFixture(store: store);
        await serving.Run(serving.Append("a", [], PressedFixture.Tokens(100)));
        Task<SnapshotSave?> first = serving.Worker.SaveAsync(ServingFixture.Key("a"), 1, default).AsTask();
        await PressedFixture.Until(() => Volatile.Read(ref _begun) == 1);
        _ends[1].SetResult();
        await serving.Worker.SaveAsync(ServingFixture.Key("a"), 1, default);
        Task close = serving.Worker.CloseAsync(ServingFixture.Key("a"), 1, deleteCold: true, default).AsTask();
        Assert.Null(await serving.Describe("a"));
        _ends[0].SetResult();
        await close.WaitAsync(ServingFixture.Patience);
        await first;
        Assert.Empty(store.Owners);
    }

    [Fact]
    public async Task A_cache_that_is_pinned_while_it_is_saved_to_make_room_stays()
    {
        await using var pressed = new PressedFixture(1024, Leaving, Held(), ServingFixture.Plain with { Time = new ServingTime() });
        await pressed.Read("a", 450);
        await pressed.Read("b", 450, seed: 1);
        await PressedFixture.Until(() => Volatile.Read(ref _begun) == 1);
        await pressed.Pressure.PinAsync(ServingFixture.Key("a"), 1, TimeSpan.FromHours(1), default);
        Array.ForEach(_ends, end => end.SetResult());
        await PressedFixture.Until(() => pressed.Status.UsedBytes <= pressed.Status.HighBytes);
        Assert.Equal((ResidentState.Idle, 450), ((await pressed.Describe("a")).State, (await pressed.Describe("a")).Tokens));
        Assert.Equal(ResidentState.Cold, (await pressed.Describe("b")).State);
    }

    [Fact]
    public async Task A_cache_is_taken_off_though_an_earlier_save_of_it_ends_meanwhile()
    {
        await using var serving = new ServingFixture(store: Held());
        await serving.Run(serving.Append("a", [], PressedFixture.Tokens(100)));
        Task<EvictReport> first = serving.Worker.EvictAsync(ServingFixture.Key("a"), 1, save: true, default).AsTask();
        await PressedFixture.Until(() => Volatile.Read(ref _begun) == 1);
        await serving.Run(serving.Append("a", PressedFixture.Tokens(100), [5]));
        Task<EvictReport> second = serving.Worker.EvictAsync(ServingFixture.Key("a"), 1, save: true, default).AsTask();
        await PressedFixture.Until(() => Volatile.Read(ref _begun) == 2);
        _ends[0].SetResult();
        await Assert.ThrowsAsync<TurnInProgressException>(() => first);
        _ends[1].SetResult();
        Assert.True((await second).FreedBytes > 0);
        serving.AssertUntouched();
    }

    [Fact]
    public async Task A_store_that_hangs_is_not_given_copies_on_request_either()
    {
        var time = new ServingTime();
        await using var pressed = new PressedFixture(1024, Leaving, Held(), ServingFixture.Plain with { Time = time });
        await pressed.Read("a", 200);
        await pressed.Read("b", 200, seed: 1);
        Task<SnapshotSave?> first = pressed.Serving.Worker.SaveAsync(ServingFixture.Key("a"), 1, default).AsTask();
        await PressedFixture.Until(() => Volatile.Read(ref _begun) == 1 && pressed.Serving.Worker.IsAtRest);
        time.Advance(TimeSpan.FromSeconds(5));
        SnapshotSave? second = await pressed.Serving.Worker.SaveAsync(ServingFixture.Key("b"), 1, default)
            .AsTask().WaitAsync(ServingFixture.Patience);
        Assert.Equal((SaveOutcome.Unavailable, 1), (second!.Outcome, _begun));
        Array.ForEach(_ends, end => end.SetResult());
        Assert.Equal(SaveOutcome.Published, (await first)!.Outcome);
        Assert.Equal(SaveOutcome.Published, (await pressed.Serving.Worker.SaveAsync(ServingFixture.Key("b"), 1, default))!.Outcome);
    }

    [Fact]
    public async Task Calls_of_the_store_of_a_device_that_has_gone_are_refused()
    {
        using var inbox = new Inbox(1);
        var calls = new StoreCalls(new MemorySnapshotStore(), inbox, TimeProvider.System);
        await calls.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() =>
        {
            _ = calls.Begin((_, _) => ValueTask.FromResult(true), TimeSpan.FromSeconds(1), false, _ => { });
        });
    }

    /// <summary>The n-th save of its store ends when the n-th event is set.</summary>
    private MemorySnapshotStore Held() => new()
    {
        Gate = (what, _) => what == "save" ? _ends[Math.Min(Interlocked.Increment(ref _begun), _ends.Length) - 1].Task : Task.CompletedTask,
    };

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
