using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Tests.Serving.Pressure;

/// <summary>What a device tells of what it is short of.</summary>
public sealed class MissedBytesTests
{
    [Fact]
    public async Task Caches_that_gave_way_count_as_needed_until_they_are_back_taken_off_or_forgotten()
    {
        var time = new ServingTime();
        await using var pressed = new PressedFixture(
            1024, PressedFixture.Usual with { Compress = false }, options: ServingFixture.Plain with { Time = time });
        await pressed.Read("a", 400);
        long bytes = pressed.Status.UsedBytes;
        await pressed.Read("b", 500, seed: 1);
        await pressed.Settled(() => pressed.Events(ReliefKind.Drop).Any());
        Assert.Equal("a", pressed.Events(ReliefKind.Drop).Single().Session.Session);
        DeviceMemory memory = await pressed.Pressure.MeasureAsync(default);
        Assert.Equal((bytes, memory.UsedBytes + bytes), (memory.WaitingBytes, memory.Needs["tenant"]));

        time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(0, (await pressed.Pressure.MeasureAsync(default)).WaitingBytes);

        await pressed.Read("a", 400);
        await pressed.Settled(() => pressed.Events(ReliefKind.Drop).Count() == 2);
        Assert.True((await pressed.Pressure.MeasureAsync(default)).WaitingBytes > 0);
        await pressed.Serving.Worker.EvictAsync(ServingFixture.Key("a"), 1, save: false, default);
        await pressed.Serving.Worker.EvictAsync(ServingFixture.Key("b"), 1, save: false, default);
        Assert.Equal(0, (await pressed.Pressure.MeasureAsync(default)).WaitingBytes);
    }
}
