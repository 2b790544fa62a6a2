using KVCluster.Inference;
using KVCluster.Inference.Sampling;
using KVCluster.Storage;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;
using KVCluster.Worker.Tests.Serving.Pressure;

namespace KVCluster.Worker.Tests.Serving;

/// <summary>Turns that wait while nothing runs: whatever makes room for them, be it only time that passes, starts them.</summary>
public sealed class WakingTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_pin_that_runs_out_makes_room_for_a_turn_that_waits(bool watermarks)
    {
        var time = new ServingTime();
        await using ServingFixture serving = await Pinned(time, 10 * Second, watermarks ? PressedFixture.Usual with { Compress = false } : null);
        Task<TurnEnd> turn = serving.Run(serving.Append("b", [], PressedFixture.Tokens(800, 1)));
        await Resting(serving, waiting: 1);
        time.Advance(10 * Second);
        Assert.Equal(AttachSource.New, (await turn).Attach.Source);
    }

    [Fact]
    public async Task A_device_above_its_watermark_acts_when_a_pin_runs_out()
    {
        var time = new ServingTime();
        await using var pressed = new PressedFixture(1024, options: ServingFixture.Plain with { Time = time });
        await pressed.Read("a", 450);
        await pressed.Pressure.PinAsync(ServingFixture.Key("a"), 1, 10 * Second, default);
        pressed.Pressure.Apply(new DeviceTerms(pressed.Status.LimitBytes / 2));
        await Resting(pressed.Serving, waiting: 0);
        Assert.True(pressed.Status.UsedBytes > pressed.Status.HighBytes);
        time.Advance(10 * Second);
        await PressedFixture.Until(() => pressed.Status.UsedBytes <= pressed.Status.HighBytes);
    }

    [Fact]
    public async Task Who_waits_behind_a_turn_that_is_refused_starts_at_once()
    {
        var time = new ServingTime();
        await using ServingFixture serving = await Pinned(time, TimeSpan.FromHours(1));
        Task<TurnEnd> large = serving.Run(serving.Append("b", [], PressedFixture.Tokens(800, 1)) with { MaxWait = 5 * Second });
        await Resting(serving, waiting: 1);
        time.Advance(3 * Second);
        Task<TurnEnd> small = serving.Run(serving.Append("c", [], PressedFixture.Tokens(100, 2)));
        await Resting(serving, waiting: 2);
        time.Advance(2 * Second);
        await Assert.ThrowsAsync<DeviceBusyException>(() => large);
        Assert.Equal(AttachSource.New, (await small).Attach.Source);
    }

    [Fact]
    public async Task A_turn_may_wait_for_ever()
    {
        var time = new ServingTime();
        await using ServingFixture serving = await Pinned(time, TimeSpan.FromHours(1));
        Task<TurnEnd> turn = serving.Run(serving.Append("b", [], PressedFixture.Tokens(800, 1)) with { MaxWait = TimeSpan.MaxValue });
        await Resting(serving, waiting: 1);
        await serving.Worker.Pressure.PinAsync(ServingFixture.Key("a"), 1, TimeSpan.Zero, default);
        Assert.Equal(AttachSource.New, (await turn).Attach.Source);
    }

    [Fact]
    public void Times_that_no_timer_takes_are_refused()
    {
        foreach (DeviceWorkerOptions options in (DeviceWorkerOptions[])
            [new() { LookupTimeout = TimeSpan.MaxValue }, new() { TransferTimeout = TimeSpan.FromDays(60) }])
        {
            Assert.Contains("Timeout must be above 0 and at most", Assert.Throws<InputException>(options.Validate).Message);
        }
    }

    [Fact]
    public async Task Terms_that_take_a_guarantee_back_make_room_for_a_turn_that_waits()
    {
        await using var pressed = new PressedFixture(
            1024, PressedFixture.Usual with { Compress = false }, options: ServingFixture.Plain with { Time = new ServingTime() });
        pressed.Pressure.Apply(Terms(new DeviceTenant(GuaranteedBytes: long.MaxValue / 2)));
        await pressed.Read("a", 400);
        Task<TurnEnd> turn = Other(pressed, 800);
        await Resting(pressed.Serving, waiting: 1);
        pressed.Pressure.Apply(Terms(default));
        Assert.Equal(AttachSource.New, (await turn).Attach.Source);
    }

    /// <summary>Turns are tried before tenants are looked at: what a tenant gives comes after the turn has found nothing.</summary>
    [Fact]
    public async Task What_a_tenant_gives_for_its_own_limit_makes_room_for_a_turn_that_waits()
    {
        await using var pressed = new PressedFixture(
            1024, PressedFixture.Usual with { Compress = false }, options: ServingFixture.Plain with { Time = new ServingTime() });
        pressed.Pressure.Apply(Terms(new DeviceTenant(GuaranteedBytes: long.MaxValue / 2)));
        await pressed.Read("a", 400);
        Task<TurnEnd> turn = Other(pressed, 800);
        await Resting(pressed.Serving, waiting: 1);
        pressed.Pressure.Apply(Terms(new DeviceTenant(GuaranteedBytes: long.MaxValue / 2, LimitBytes: 1000)));
        Assert.Equal(AttachSource.New, (await turn).Attach.Source);
    }

    [Fact]
    public async Task An_answer_waits_for_a_cache_that_is_being_fetched_rather_than_end()
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var store = new MemorySnapshotStore();
        DeviceWorkerOptions options = ServingFixture.Plain with { AnswerReserveTokens = 16, Time = new ServingTime() };
        await using var serving = new ServingFixture(options, store, contextTokens: 512, watched: true);
        int[] tokens = PressedFixture.Tokens(200);
        await serving.Run(serving.Append("a", [], tokens));
        await serving.Worker.EvictAsync(ServingFixture.Key("a"), 1, save: true, default);
        store.Gate = (what, _) => what == "load" ? release.Task : Task.CompletedTask;
        using ManualResetEventSlim go = serving.HoldDecoding();
        Task<TurnEnd> turn = serving.Run(serving.Turn("b", [], PressedFixture.Tokens(150, 1), PressedFixture.Long));
        Assert.True(serving.IsHeld.Wait(ServingFixture.Patience));
        Task fetched = serving.Worker.PrefetchAsync(new AttachRequest(ServingFixture.Key("a"), 1, tokens), default).AsTask();
        go.Set();
        await Resting(serving, waiting: 0);
        release.SetResult();
        TurnEnd end = await turn;
        Assert.Equal((FinishReason.MaxTokens, 300), (end.Completion!.Reason, end.Completion.Tokens.Count));
        await fetched;
    }

    /// <summary>A device of 1024 tokens with 400 of them pinned.</summary>
    private static async Task<ServingFixture> Pinned(ServingTime time, TimeSpan duration, DevicePressureOptions? pressure = null)
    {
        var serving = new ServingFixture(ServingFixture.Plain with { Time = time, Pressure = pressure }, contextTokens: 1024);
        await serving.Run(serving.Append("a", [], PressedFixture.Tokens(400)));
        await serving.Worker.Pressure.PinAsync(ServingFixture.Key("a"), 1, duration, default);
        return serving;
    }

    private static Task<TurnEnd> Other(PressedFixture pressed, int tokens) => pressed.Serving.Run(
        pressed.Serving.Append("b", [], PressedFixture.Tokens(tokens, 1)) with { Session = new SessionKey("other", "b") });

    /// <summary>Only the fixture's own tenant has these.</summary>
    private static DeviceTerms Terms(DeviceTenant own) => new(long.MaxValue)
    {
        HasTenantLimits = true,
        Tenant = tenant => tenant == ServingFixture.Key("").Tenant ? own : default,
    };

    private static Task Resting(ServingFixture serving, int waiting) => PressedFixture.Until(
        () => serving.Worker.Status().Waiting == waiting && serving.Worker.IsAtRest && serving.Worker.TurnsSubmitted == 0);
}
