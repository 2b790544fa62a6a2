using KVCluster.Inference;
using KVCluster.Silo.Configuration;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Silo.Tests.Configuration;

/// <summary>What a device is told of the section Pressure.</summary>
public class PressureSettingsTests
{
    [Theory]
    [InlineData(null, 1)]
    [InlineData("0", 0)]
    [InlineData("-100", -100)]
    [InlineData("100", 100)]
    [InlineData("101", null)]
    public void Cut_sessions_are_made_whole_by_themselves_from_the_priority_that_is_set(string? value, int? least)
    {
        KeyValuePair<string, string?>[] given = value is null ? [] : [new("Pressure:RestorePriority", value)];
        Assert.Equal(least, SettingsReader.Read(null, given).Pressure.ToOptions()!.RestorePriority);
    }

    [Fact]
    public void Watermarks_floors_and_the_rate_of_exchange_are_those_that_are_set()
    {
        DevicePressureOptions options = SettingsReader.Read(null,
        [
            new("Pressure:HighPercent", "90"), new("Pressure:LowPercent", "50"), new("Pressure:MillisecondsPerPercent", "20"), new("Pressure:Sinks", "2"),
            new("Pressure:Recents", "16"), new("Pressure:MinimumPerHead", "24"), new("Pressure:PinnedPercent", "10"), new("Pressure:Compress", "false"),
        ]).Pressure.ToOptions()!;
        Assert.Equal((0.9, 0.5, 2.0), (options.Weighing.HighWatermark, options.Weighing.LowWatermark, options.Weighing.SecondsPerMass));
        Assert.Equal((2, 16, 24), (options.Floors.Sinks, options.Floors.Recents, options.Floors.MinimumPerHead));
        Assert.Equal((0.1, false), (options.PinnedShare, options.Compress));
    }

    [Fact]
    public void Without_pressure_a_device_is_told_nothing() =>
        Assert.Null(SettingsReader.Read(null, [new("Pressure:Enabled", "false")]).Pressure.ToOptions());

    [Fact]
    public void A_low_watermark_above_the_high_one_is_refused() => Assert.Throws<InputException>(
        () => SettingsReader.Read(null, [new("Pressure:HighPercent", "60"), new("Pressure:LowPercent", "70")]).Pressure.ToOptions());
}
