using KVCluster.Inference.Kv;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Tests.Serving.Pressure;

/// <summary>What a device does between its watermarks.</summary>
public sealed class WatermarkTests
{
    [Fact]
    public async Task Below_the_high_watermark_nothing_is_done()
    {
        var store = new MemorySnapshotStore();
        await using var pressed = new PressedFixture(1024, store: store);
        await pressed.Read("a", 400);
        await pressed.Read("b", 400, seed: 1);
        Assert.Empty(pressed.Status.Events);
        Assert.Empty(pressed.Status.Totals);
        Assert.False(pressed.Status.IsPressing);
        Assert.Equal(0, store.Saves);
        Assert.True((await pressed.Describe("a")).IsExact && (await pressed.Describe("b")).IsExact);
    }

    [Fact]
    public async Task Above_it_idle_caches_are_cut_until_the_low_one_and_nobody_leaves()
    {
        await using var pressed = new PressedFixture(1024);
        await pressed.Read("a", 300);
        await pressed.Read("b", 300, seed: 1);
        await pressed.Read("c", 300, seed: 2);
        await pressed.Settled(() => !pressed.Status.IsPressing && pressed.Status.Events.Count > 0);
        DevicePressureStatus status = pressed.Status;
        Assert.True(status.UsedBytes <= status.HighBytes, $"{status}");
        foreach (string session in (string[])["a", "b", "c"])
        {
            Assert.Equal(ResidentState.Idle, (await pressed.Describe(session)).State);
        }

        Assert.All(status.Events, e =>
        {
            Assert.Equal((ReliefKind.Compress, ReliefCauses.HighWatermark), (e.Kind, e.Cause));
            Assert.Equal((300, null), (e.Tokens, e.Fault));
            Assert.True(e.FreedBytes > 0 && e.FreedBytes == e.PlannedBytes, $"{e}");
            Assert.InRange(e.DroppedMass!.Value, 0.001, 0.9);
            Assert.Equal(pressed.Serving.Model.Config.Layers, e.KeptPerLayer.Count);
            Assert.All(e.KeptPerLayer, kept => Assert.InRange(kept, 20, 300));
        });
        Assert.Equal(status.Events.Sum(e => e.FreedBytes), status.Totals.Sum(t => t.FreedBytes));
        ResidentSession cut = await pressed.Describe(status.Events[0].Session.Session);
        Assert.Equal(["pressure"], cut.Compressions.Select(c => c.Policy));
        Assert.False(cut.IsExact);
    }

    [Fact]
    public async Task A_cut_session_still_answers_from_its_document()
    {
        await using var pressed = new PressedFixture(1024);
        int[] document = pressed.Serving.Document();
        await pressed.Serving.Run(pressed.Serving.Append("a", [], document));
        await pressed.Read("b", 960 - document.Length);
        await pressed.Settled(() => pressed.Status.Events.Count > 0);
        TurnEnd end = await pressed.Serving.Run(pressed.Serving.Turn("a", document, []));
        Assert.Equal(NeedleFixture.Answer, end.Completion!.Text);
    }

    [Fact]
    public async Task Floors_hold_whatever_is_asked_for()
    {
        DevicePressureOptions options = PressedFixture.Usual with
        {
            Floors = PressedFixture.Usual.Floors with { MinimumPerHead = 160 },
            Weighing = new() { HighWatermark = 0.5, LowWatermark = 0.01, SecondsPerMass = 1e-3 },
        };
        await using var pressed = new PressedFixture(1024, options);
        await pressed.Serving.Worker.Pressure.PinAsync(ServingFixture.Key("b"), 1, TimeSpan.FromHours(1), default);
        await pressed.Read("a", 300);
        await pressed.Read("b", 300, seed: 1);
        await pressed.Settled(() => pressed.Status.Events.Count > 0);
        Assert.True((await pressed.Describe("b")).IsExact);
        ResidentSession cut = await pressed.Describe("a");
        Assert.All(cut.Lengths, length => Assert.True(cut.State == ResidentState.Cold || length >= 160));
    }

    [Fact]
    public async Task With_cutting_off_caches_leave_and_come_back()
    {
        var store = new MemorySnapshotStore();
        await using var pressed = new PressedFixture(1024, PressedFixture.Usual with { Compress = false }, store);
        await pressed.Read("a", 300);
        await pressed.Read("b", 300, seed: 1);
        await pressed.Read("c", 300, seed: 2);
        await pressed.Settled(() => pressed.Events(ReliefKind.Demote).Any());
        ReliefEvent left = pressed.Events(ReliefKind.Demote).First();
        Assert.Equal(ResidentState.Cold, (await pressed.Describe(left.Session.Session)).State);
        Assert.Equal(left.PlannedBytes, left.FreedBytes);
        Assert.Contains(left.Session.Session, store.Owners.Select(owner => owner.Session));
        Assert.Empty(pressed.Events(ReliefKind.Compress));
    }

    [Fact]
    public async Task A_lower_limit_is_heeded_at_once_and_a_higher_one_frees_nothing()
    {
        await using var pressed = new PressedFixture(2048);
        await pressed.Read("a", 500);
        await pressed.Read("b", 500, seed: 1);
        long total = pressed.Serving.Ledger().TotalBytes;
        Assert.Empty(pressed.Status.Events);
        pressed.Pressure.Apply(new DeviceTerms(total / 2));
        await pressed.Settled(() => pressed.Status.UsedBytes <= total / 2 * 0.7);
        await pressed.Describe("a");
        int events = pressed.Status.Events.Count;
        Assert.Equal(total / 2, pressed.Status.LimitBytes);
        pressed.Pressure.Apply(new DeviceTerms(long.MaxValue));
        await pressed.Describe("a");
        Assert.Equal((total, events), (pressed.Status.LimitBytes, pressed.Status.Events.Count));
    }

    [Fact]
    public async Task Asked_to_relieve_it_goes_down_to_the_low_watermark()
    {
        await using var pressed = new PressedFixture(1024);
        await pressed.Read("a", 400);
        await pressed.Read("b", 400, seed: 1);
        Assert.Empty(pressed.Status.Events);
        await pressed.Pressure.RelieveAsync(default);
        DevicePressureStatus status = pressed.Status;
        Assert.True(status.UsedBytes <= status.LowBytes, $"{status}");
        Assert.All(status.Events, e => Assert.Equal(ReliefCauses.Asked, e.Cause));
        Assert.NotEmpty(status.Events);
    }

    [Fact]
    public async Task A_turn_finds_room_by_cuts_and_no_session_is_lost()
    {
        await using var pressed = new PressedFixture(1024);
        for (int i = 0; i < 12; i++)
        {
            TurnEnd end = await pressed.Read($"s{i}", 150, seed: i);
            Assert.Equal(150, end.Attach.CachedTokens + 150);
        }

        int resident = 0;
        for (int i = 0; i < 12; i++)
        {
            resident += (await pressed.Describe($"s{i}")).State == ResidentState.Idle ? 1 : 0;
        }

        // Whole, six of them would fill the arena.
        Assert.True(resident >= 9, $"{resident} of 12 resident");
        LedgerSnapshot ledger = pressed.Serving.Ledger();
        Assert.True(ledger.FreePages >= 0 && pressed.Status.UsedBytes <= pressed.Status.HighBytes);
    }

    [Fact]
    public async Task A_measure_of_the_device_adds_up()
    {
        await using var pressed = new PressedFixture(2048);
        await pressed.Read("a", 300);
        await pressed.Read("b", 300, seed: 1);
        DeviceMemory memory = await pressed.Pressure.MeasureAsync(default);
        LedgerSnapshot ledger = pressed.Serving.Ledger();
        Assert.Equal((ledger.TotalBytes, ledger.EvictableBytes), (memory.CapacityBytes, memory.UsedBytes));
        Assert.Equal(memory.UsedBytes, memory.Needs["tenant"]);
        Assert.InRange(memory.Profile.TotalBytes, memory.UsedBytes * 0.9, memory.UsedBytes * 1.1);
        Assert.True(memory.Profile.Droppable > 0);

        // Without a store whoever moves is computed again.
        Assert.Empty(memory.Movable);
    }
}
