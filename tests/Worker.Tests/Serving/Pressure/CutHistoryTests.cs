using KVCluster.Compression.Policies;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Device.Pressure;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Tests.Serving.Pressure;

/// <summary>A cut is counted once, and told in the same way wherever it is told.</summary>
public sealed class CutHistoryTests
{
    [Fact]
    public async Task Cuts_asked_for_and_cuts_under_pressure_are_counted_once_each_by_metrics_events_and_histories()
    {
        var time = new ServingTime();
        await using var pressed = new PressedFixture(1024, options: ServingFixture.Plain with { Time = time });
        await pressed.Read("a", 300);
        var half = new CompressionRequest(CompressionPolicies.Parse("streaming-llm"), Compression.Budgets.RetentionBudget.OfRatio(0.5));
        CompressionReport asked = (await pressed.Serving.Worker.CompressAsync(ServingFixture.Key("a"), 1, half, default))!;
        await pressed.Read("b", 300, seed: 1);
        await pressed.Read("c", 420, seed: 2);
        await pressed.Settled(() => !pressed.Status.IsPressing && pressed.Status.Events.Count > 1);

        ReliefEvent[] cuts = [.. pressed.Events(ReliefKind.Compress)];
        DeviceActivity activity = pressed.Serving.Worker.Activity;
        Assert.Equal(cuts.Length, activity.Compressions);
        Assert.Equal(cuts.Sum(e => e.FreedBytes), activity.CompressionFreedBytes);
        Assert.Equal(cuts.Sum(e => e.DroppedMass ?? 0), activity.CompressionDroppedMass, 1e-9);
        List<CompressionReport> histories = [];
        foreach (string session in (string[])["a", "b", "c"])
        {
            histories.AddRange((await pressed.Describe(session)).Compressions);
        }

        // Nobody left and no answer grew: every event is a line of somebody's history.
        Assert.Equal(cuts.Length, histories.Count);
        Assert.Equal(cuts.Select(e => (e.Cause, e.At, e.FreedBytes)).Order(), histories.Select(r => (r.Cause!, r.At!.Value, r.FreedBytes)).Order());
        Assert.Equal((ReliefCauses.Asked, time.GetUtcNow()), (asked.Cause, asked.At));
        Assert.Contains(histories, r => (r.Policy, r.Cause) == ("pressure", ReliefCauses.HighWatermark));
    }

    [Theory]
    [InlineData(1 << 19)]
    [InlineData(0)]
    public async Task What_was_cut_is_cut_again_as_planned(long rankedAtOnce)
    {
        await using var pressed = new PressedFixture(1024, options: ServingFixture.Plain with { SlotsRankedAtOnce = rankedAtOnce });
        await pressed.Read("a", 450);
        await pressed.Read("b", 400, seed: 1);
        for (int round = 1; round <= 3; round++)
        {
            pressed.Pressure.Apply(new DeviceTerms(pressed.Status.UsedBytes - 1));
            await pressed.Settled(() => !pressed.Status.IsPressing && pressed.Status.UsedBytes <= pressed.Status.LowBytes);
        }

        Assert.All(pressed.Events(ReliefKind.Compress), e => Assert.Equal((e.PlannedBytes, null), (e.FreedBytes, e.Fault)));
        Assert.Contains(await Histories(pressed), history => history.Count > 1);
        pressed.Serving.Model.Backend.Pool.CheckIntegrity();
    }

    [Theory]
    [InlineData(new[] { 64, 32 }, true)]
    [InlineData(new[] { 64, 32, 48, 48 }, true)]
    [InlineData(new[] { 64, 64, 48, 48 }, false)]
    public void Heads_that_become_equally_long_are_one_row_from_then_on(int[] kept, bool keepsRows) =>
        Assert.Equal(keepsRows, CacheCutter.KeepsRows(kept, layers: 2));

    private static async Task<List<IReadOnlyList<CompressionReport>>> Histories(PressedFixture pressed) =>
        [(await pressed.Describe("a")).Compressions, (await pressed.Describe("b")).Compressions];
}
