using KVCluster.Inference;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Tests.Serving.Pressure;

/// <summary>What tenants are guaranteed and limited to, and pins.</summary>
public sealed class TenantPressureTests
{
    [Fact]
    public async Task A_tenant_over_its_limit_gives_its_own_and_nobody_elses()
    {
        await using var pressed = new PressedFixture(2048);
        await ReadAs(pressed, "other", "o", 300);
        await ReadAs(pressed, "tight", "a", 300);
        long limit = (await Bytes(pressed, "tight", "a")) * 3 / 2;
        pressed.Pressure.Apply(Terms(tenant => tenant == "tight" ? new DeviceTenant(LimitBytes: limit) : default));
        await ReadAs(pressed, "tight", "b", 300);
        DeviceMemory memory = await pressed.Pressure.MeasureAsync(default);
        Assert.True(memory.Needs["tight"] <= limit, $"{memory.Needs["tight"]} of {limit}");
        Assert.All(pressed.Status.Events, e => Assert.Equal((ReliefCauses.TenantLimit, "tight"), (e.Cause, e.Session.Tenant)));
        Assert.NotEmpty(pressed.Status.Events);
        Assert.True((await pressed.Serving.Worker.DescribeAsync(new("other", "o"), default))!.IsExact);
    }

    [Fact]
    public async Task A_turn_beyond_its_tenants_limit_is_refused_and_others_are_served_meanwhile()
    {
        var time = new ServingTime();
        await using var pressed = new PressedFixture(2048, options: ServingFixture.Plain with { Time = time });
        pressed.Pressure.Apply(Terms(tenant => tenant == "tight" ? new DeviceTenant(LimitBytes: 1000) : default));
        Task<TurnEnd> refused = ReadAs(pressed, "tight", "a", 300);
        await pressed.Settled(() => pressed.Serving.Worker.Status().Waiting == 1);

        // Long after room would be kept for a turn that only waits for memory.
        time.Advance(TimeSpan.FromSeconds(20));
        await ReadAs(pressed, "other", "o", 300);
        await pressed.Resting();
        time.Advance(TimeSpan.FromSeconds(20));
        DeviceBusyException error = await Assert.ThrowsAsync<DeviceBusyException>(() => refused);
        Assert.Contains("tenant tight holds all the memory", error.Message);
        ReliefEvent refusal = Assert.Single(pressed.Events(ReliefKind.Refuse));
        Assert.Equal((ReliefCauses.TenantLimit, "tight/a"), (refusal.Cause, refusal.Session.ToString()));
    }

    [Fact]
    public async Task A_tenant_is_not_taken_below_its_guarantee()
    {
        await using var pressed = new PressedFixture(1024);
        pressed.Pressure.Apply(Terms(tenant => tenant == "gold" ? new DeviceTenant(GuaranteedBytes: long.MaxValue / 2) : default));
        await ReadAs(pressed, "gold", "g", 400);
        await ReadAs(pressed, "lead", "l", 500);
        await pressed.Settled(() => pressed.Status.Events.Count > 0);
        Assert.True((await pressed.Serving.Worker.DescribeAsync(new("gold", "g"), default))!.IsExact);
        Assert.All(pressed.Status.Events, e => Assert.Equal("lead", e.Session.Tenant));
    }

    [Fact]
    public async Task A_guaranteed_share_of_tokens_stays_in_every_head()
    {
        DevicePressureOptions options = PressedFixture.Usual with { Weighing = new() { HighWatermark = 0.3, LowWatermark = 0.01, SecondsPerMass = 1e-9 } };
        await using var pressed = new PressedFixture(1024, options);
        pressed.Pressure.Apply(Terms(_ => new DeviceTenant(GuaranteedRetention: 0.5)));
        await pressed.Read("a", 400);
        await pressed.Settled(() => pressed.Status.Events.Count > 0);
        ResidentSession session = await pressed.Describe("a");
        Assert.All(session.Lengths, length => Assert.True(session.State == ResidentState.Cold || length >= 200));
    }

    [Fact]
    public async Task A_pinned_cache_is_neither_cut_nor_taken_until_its_time_is_over()
    {
        var time = new ServingTime();
        await using var pressed = new PressedFixture(1024, options: ServingFixture.Plain with { Time = time });
        await pressed.Read("a", 300);
        await pressed.Pressure.PinAsync(ServingFixture.Key("a"), 1, TimeSpan.FromMinutes(10), default);
        Assert.InRange((await pressed.Describe("a")).PinnedFor!.Value.TotalSeconds, 599, 600);
        await pressed.Read("b", 300, seed: 1);
        await pressed.Read("c", 500, seed: 2);
        Assert.True((await pressed.Describe("a")) is { IsExact: true, State: ResidentState.Idle });
        Assert.DoesNotContain(pressed.Status.Events, e => e.Session.Session == "a");
        time.Advance(TimeSpan.FromMinutes(11));
        Assert.Null((await pressed.Describe("a")).PinnedFor);
        await pressed.Read("d", 400, seed: 3);
        await pressed.Settled(() => pressed.Status.Events.Any(e => e.Session.Session == "a"));
    }

    [Fact]
    public async Task Pins_are_bounded_to_their_share_and_may_be_ended()
    {
        await using var pressed = new PressedFixture(1024);
        await pressed.Read("a", 400);
        await pressed.Read("b", 200, seed: 1);
        await pressed.Pressure.PinAsync(ServingFixture.Key("a"), 1, TimeSpan.FromMinutes(1), default);
        InputException error = await Assert.ThrowsAsync<InputException>(async () =>
            await pressed.Pressure.PinAsync(ServingFixture.Key("b"), 1, TimeSpan.FromMinutes(1), default));
        Assert.Contains("may be pinned", error.Message);
        await pressed.Pressure.PinAsync(ServingFixture.Key("a"), 1, TimeSpan.Zero, default);
        await pressed.Pressure.PinAsync(ServingFixture.Key("b"), 1, TimeSpan.FromMinutes(1), default);
        await Assert.ThrowsAsync<InputException>(async () =>
            await pressed.Pressure.PinAsync(ServingFixture.Key("b"), 1, TimeSpan.FromDays(2), default));
        await Assert.ThrowsAsync<StaleEpochException>(async () =>
            await pressed.Pressure.PinAsync(ServingFixture.Key("b"), 0, TimeSpan.FromMinutes(1), default));
    }

    [Fact]
    public async Task Pins_hold_on_a_device_without_watermarks_too()
    {
        await using var serving = new ServingFixture(contextTokens: 1024);
        await serving.Run(serving.Append("old", [], PressedFixture.Tokens(300)));
        await serving.Worker.Pressure.PinAsync(ServingFixture.Key("old"), 1, TimeSpan.FromMinutes(1), default);
        await serving.Run(serving.Append("young", [], PressedFixture.Tokens(300)));
        await serving.Run(serving.Append("new", [], PressedFixture.Tokens(500)));
        Assert.Equal(ResidentState.Idle, (await serving.Describe("old"))!.State);
        Assert.Equal(ResidentState.Cold, (await serving.Describe("young"))!.State);
        ReliefEvent left = Assert.Single(serving.Worker.Pressure.Status().Events);
        Assert.Equal((ReliefKind.Drop, ReliefCauses.RoomForTurn), (left.Kind, left.Cause));
    }

    private static DeviceTerms Terms(Func<string, DeviceTenant> tenant) => new(long.MaxValue) { HasTenantLimits = true, Tenant = tenant };

    private static Task<TurnEnd> ReadAs(PressedFixture pressed, string tenant, string session, int tokens) =>
        pressed.Serving.Run(pressed.Serving.Append(session, [], PressedFixture.Tokens(tokens, session[0])) with { Session = new(tenant, session) });

    private static async Task<long> Bytes(PressedFixture pressed, string tenant, string session) =>
        (await pressed.Serving.Worker.DescribeAsync(new(tenant, session), default))!.Bytes;
}
