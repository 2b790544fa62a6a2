using KVCluster.Compression;
using KVCluster.Inference.Kv;
using KVCluster.Storage;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Tests.Serving.Pressure;

/// <summary>Scores, stores and devices that do not do what was expected of them: serving goes on.</summary>
public sealed class PressureFaultTests
{
    /// <summary>Coming back is taken to be slow, so that caches are cut rather than leave.</summary>
    private static readonly DeviceWorkerOptions Slow = ServingFixture.Plain with { AssumedLoadBytesPerSecond = 1e3, AssumedPrefillTokensPerSecond = 1 };

    [Fact]
    public async Task Without_scores_sinks_and_recents_stay_and_the_event_says_so()
    {
        await using var pressed = new PressedFixture(1024, options: ServingFixture.Plain with { Observe = null });
        await CutOne(pressed);
        ReliefEvent cut = pressed.Events(ReliefKind.Compress).First();
        Assert.Equal((null, "no scores: sinks and recents are kept"), (cut.DroppedMass, cut.Fault));
        await KeepsEnds(pressed, cut.Session.Session);
    }

    [Fact]
    public async Task With_scores_that_are_no_numbers_sinks_and_recents_stay_and_the_event_says_which()
    {
        await using var pressed = new PressedFixture(1024, watched: true);
        pressed.Serving.Watched.AfterObserved = scores =>
        {
            scores!.Row(1, 0)[7] = float.NaN;
            return scores;
        };
        await CutOne(pressed);
        ReliefEvent cut = pressed.Events(ReliefKind.Compress).First();
        Assert.Null(cut.DroppedMass);
        Assert.Matches(@"the score of row \d+, entry 7 is NaN: sinks and recents are kept", cut.Fault);
        await KeepsEnds(pressed, cut.Session.Session);
    }

    [Fact]
    public async Task With_scores_that_the_device_has_no_memory_to_read_sinks_and_recents_stay_and_the_worker_goes_on()
    {
        await using var pressed = new PressedFixture(1024, watched: true);
        pressed.Serving.Watched.AfterObserved = _ => throw new ArenaFullException(1, pressed.Serving.Ledger());
        await CutOne(pressed);
        ReliefEvent cut = pressed.Events(ReliefKind.Compress).First();
        Assert.Equal((null, "no scores: sinks and recents are kept"), (cut.DroppedMass, cut.Fault));
        await KeepsEnds(pressed, cut.Session.Session);
    }

    [Fact]
    public async Task A_cache_that_was_loaded_and_not_looked_at_since_counts_as_unscored()
    {
        var store = new MemorySnapshotStore();
        await using var pressed = new PressedFixture(1024, store: store);
        await pressed.Read("a", 300);
        await pressed.Serving.Worker.EvictAsync(ServingFixture.Key("a"), 1, save: true, default);
        await pressed.Serving.Worker.PrefetchAsync(new AttachRequest(ServingFixture.Key("a"), 1, PressedFixture.Tokens(300)), default);
        await pressed.Pressure.PinAsync(ServingFixture.Key("b"), 1, TimeSpan.FromMinutes(1), default);
        await pressed.Read("b", 650, seed: 1);
        await pressed.Settled(() => pressed.Status.Events.Count > 0);

        // It is in the store whole: rather than being cut blindly it leaves.
        ReliefEvent gone = pressed.Status.Events[0];
        Assert.Equal(("a", true), (gone.Session.Session, gone.Kind == ReliefKind.Drop || gone.Fault is not null));
    }

    [Fact]
    public async Task A_device_that_frees_less_than_planned_is_asked_again()
    {
        var release = new TaskCompletionSource();
        var reading = new TaskCompletionSource();
        int saves = 0;
        var store = new MemorySnapshotStore
        {
            Gate = (what, _) =>
            {
                if (what != "save")
                {
                    return Task.CompletedTask;
                }

                if (++saves == 1)
                {
                    throw new IOException("gone");
                }

                reading.TrySetResult();
                return release.Task;
            },
        };
        await using var pressed = new PressedFixture(1024, PressedFixture.Usual with { Compress = false }, store);
        await pressed.Read("a", 200);
        await pressed.Read("c", 200, seed: 2);
        await pressed.Read("dear", 200, seed: 3, priority: 2);

        // The first save fails, so that nobody's leaving waits for the store; the second reads a's pages for as long as it likes.
        await pressed.Serving.Worker.SaveAsync(ServingFixture.Key("c"), 1, default);
        Task<SnapshotSave?> held = pressed.Serving.Worker.SaveAsync(ServingFixture.Key("a"), 1, default).AsTask();
        await reading.Task.WaitAsync(ServingFixture.Patience);
        try
        {
            long before = pressed.Status.UsedBytes;
            pressed.Pressure.Apply(new DeviceTerms((long)(0.52 * before / 0.7)));
            await pressed.Settled(() => pressed.Status.UsedBytes <= pressed.Status.LowBytes);
            ReliefEvent[] drops = [.. pressed.Events(ReliefKind.Drop)];
            Assert.Equal(["a", "c", "dear"], drops.Select(e => e.Session.Session).Order());
            Assert.Equal("dear", drops[^1].Session.Session);
            Assert.Equal((0L, before / 6), (drops.Single(e => e.Session.Session == "a").FreedBytes, drops.Single(e => e.Session.Session == "a").PlannedBytes));
            Assert.Equal(before / 3, pressed.Status.UsedBytes);
        }
        finally
        {
            release.SetResult();
        }

        await held;
        await pressed.Settled(() => pressed.Status.UsedBytes == 0);
        Assert.Equal(300, (await pressed.Read("a", 300)).Attach.RecomputedTokens + 300);
    }

    [Fact]
    public async Task Shared_pages_are_not_cut_and_the_other_holders_cache_stays_as_it_was()
    {
        await using var pressed = new PressedFixture(1024);
        int[] document = pressed.Serving.Document();
        await pressed.Serving.Run(pressed.Serving.Append("a", [], document));
        await pressed.Serving.Worker.ForkAsync(ServingFixture.Key("a"), 1, ServingFixture.Key("f"), 1, document.Length, default);
        await pressed.Read("b", 940 - document.Length, seed: 1);
        await pressed.Settled(() => pressed.Status.Events.Count > 0);
        Assert.All(pressed.Events(ReliefKind.Compress), e => Assert.Equal("b", e.Session.Session));
        TurnEnd end = await pressed.Serving.Run(pressed.Serving.Turn("f", document, []));
        Assert.Equal(NeedleFixture.Answer, end.Completion!.Text);
    }

    [Fact]
    public async Task An_exact_copy_is_saved_before_a_cut()
    {
        var store = new MemorySnapshotStore();
        await using var pressed = new PressedFixture(1024, store: store);
        await CutOne(pressed);
        ReliefEvent cut = pressed.Events(ReliefKind.Compress).First();
        Assert.Null(cut.Fault);
        Assert.Contains(cut.Session.Session, store.Owners.Select(owner => owner.Session));
        Assert.Equal(cut.PlannedBytes, cut.FreedBytes);
    }

    [Fact]
    public async Task Where_the_store_fails_caches_are_cut_without_a_copy_and_say_so()
    {
        var store = new MemorySnapshotStore { Gate = (_, _) => throw new IOException("gone") };
        await using var pressed = new PressedFixture(1024, store: store);
        await CutOne(pressed);
        Assert.Contains(pressed.Events(ReliefKind.Compress), e => e.Fault?.StartsWith("no exact copy is kept", StringComparison.Ordinal) == true);
        Assert.True(pressed.Status.UsedBytes <= pressed.Status.HighBytes);
    }

    [Fact]
    public async Task While_the_store_hangs_others_give_theirs_and_serving_goes_on()
    {
        var time = new ServingTime();
        var release = new TaskCompletionSource();
        var saving = new TaskCompletionSource();
        int saves = 0;
        var store = new MemorySnapshotStore
        {
            Gate = (what, _) =>
            {
                if (what != "save")
                {
                    return Task.CompletedTask;
                }

                Interlocked.Increment(ref saves);
                saving.TrySetResult();
                return release.Task;
            },
        };
        await using var pressed = new PressedFixture(1024, store: store, options: ServingFixture.Plain with { Time = time });
        await pressed.Read("a", 450);
        await pressed.Read("b", 450, seed: 1);
        await saving.Task.WaitAsync(ServingFixture.Patience);

        // A save that takes longer than it should: the store lets go of nothing, and is given nothing more.
        await pressed.Resting();
        time.Advance(TimeSpan.FromSeconds(5));
        await pressed.Settled(() => pressed.Events(ReliefKind.Compress).Any());
        Assert.Equal(1, saves);
        release.SetResult();
        await pressed.Settled(() => pressed.Status.UsedBytes <= pressed.Status.HighBytes);
        Assert.Equal(5, (await pressed.Serving.Run(pressed.Serving.Turn(
            "c", [], PressedFixture.Tokens(100, 3), PressedFixture.Long with { MaxTokens = 5 }))).Completion!.Tokens.Count);
    }

    [Fact]
    public async Task A_turn_that_comes_while_its_cache_is_saved_for_a_cut_keeps_it_whole()
    {
        var release = new TaskCompletionSource();
        var saving = new TaskCompletionSource();
        var store = new MemorySnapshotStore
        {
            Gate = (what, _) =>
            {
                if (what != "save")
                {
                    return Task.CompletedTask;
                }

                saving.TrySetResult();
                return release.Task;
            },
        };
        DevicePressureOptions options = PressedFixture.Usual with { Weighing = new() { HighWatermark = 0.1, LowWatermark = 0.05, SecondsPerMass = 1e-3 } };
        await using var pressed = new PressedFixture(1024, options, store, Slow with { Time = new ServingTime() });
        int[] document = pressed.Serving.Document();
        await pressed.Serving.Run(pressed.Serving.Append("a", [], document));
        await saving.Task.WaitAsync(ServingFixture.Patience);
        TurnEnd end = await pressed.Serving.Run(pressed.Serving.Turn("a", document, []));
        Assert.Equal(NeedleFixture.Answer, end.Completion!.Text);
        Assert.Equal(AttachSource.Resident, end.Attach.Source);
        release.SetResult();
    }

    [Fact]
    public void The_log_remembers_the_last_thousand_and_counts_all()
    {
        var log = new Worker.Serving.Device.Pressure.PressureLog(new ServingTime());
        for (int i = 0; i < 1500; i++)
        {
            log.Add(new ReliefEvent { Kind = ReliefKind.Drop, Cause = ReliefCauses.Asked, Session = ServingFixture.Key("a"), FreedBytes = 2 });
        }

        (ReliefEvent[] all, ReliefTotal[] totals) = log.Read(0);
        Assert.Equal((1024, 477L, 1500L), (all.Length, all[0].Number, all[^1].Number));
        Assert.Equal([1499L, 1500L], log.Read(1498).Events.Select(e => e.Number));
        Assert.Equal([new ReliefTotal(ReliefKind.Drop, ReliefCauses.Asked, 1500, 3000, 0)], totals);
    }

    private static async Task CutOne(PressedFixture pressed)
    {
        await pressed.Read("a", 450);
        await pressed.Read("b", 450, seed: 1);
        await pressed.Settled(() => pressed.Events(ReliefKind.Compress).Any() && pressed.Status.UsedBytes <= pressed.Status.HighBytes);
    }

    private static async Task KeepsEnds(PressedFixture pressed, string session)
    {
        ResidentSession cut = await pressed.Describe(session);
        Assert.False(cut.IsExact);
        Assert.All(cut.Lengths, length => Assert.InRange(length, 20, 449));
        TurnEnd end = await pressed.Serving.Run(pressed.Serving.Turn(
            session, PressedFixture.Tokens(450, session == "a" ? 0 : 1), [5], PressedFixture.Long with { MaxTokens = 3 }));
        Assert.Equal((AttachSource.Resident, 3), (end.Attach.Source, end.Completion!.Tokens.Count));
    }
}
