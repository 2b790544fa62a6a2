using System.ComponentModel;
using KVCluster.Compression.Pressure;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Silo.Configuration;

/// <summary>What a device does when its memory gets short.</summary>
internal sealed class PressureSettings
{
    [Description("whether devices act between watermarks; if not, caches leave when a turn finds no room, those unused longest first")]
    public bool Enabled { get; init; } = true;

    [Description("whether caches are cut; if not, they only leave")]
    public bool Compress { get; init; } = true;

    [Description("percent of a device's bytes above which it acts"), Range(1, 100)]
    public int HighPercent { get; init; } = 85;

    [Description("percent of a device's bytes at which it stops; below HighPercent"), Range(0, 99)]
    public int LowPercent { get; init; } = 70;

    [Description("milliseconds of waiting that are as bad as losing one percent of a conversation's attention"), Range(1, 1_000_000)]
    public int MillisecondsPerPercent { get; init; } = 300;

    [Description("first tokens that no cut takes"), Range(0, 4096)]
    public int Sinks { get; init; } = 4;

    [Description("last tokens that no cut takes"), Range(0, 65536)]
    public int Recents { get; init; } = 32;

    [Description("tokens that every head of every layer keeps at least"), Range(0, 1 << 20)]
    public int MinimumPerHead { get; init; } = 64;

    [Description("priority from which on cut conversations are made whole by themselves when memory is free; above 100: none"), Range(-100, 101)]
    public int RestorePriority { get; init; } = 1;

    [Description("percent of a device's bytes that pinned conversations may take"), Range(0, 100)]
    public int PinnedPercent { get; init; } = 50;

    [Description("turns of one tenant that may wait for room on a device"), Range(1, 100_000)]
    public int WaitingTurnsPerTenant { get; init; } = 128;

    /// <summary>As the worker takes them; null: the device does not act by itself.</summary>
    /// <exception cref="Inference.InputException">A value is out of range.</exception>
    public DevicePressureOptions? ToOptions()
    {
        DevicePressureOptions options = new()
        {
            Weighing = new PressureOptions
            {
                HighWatermark = HighPercent / 100.0,
                LowWatermark = LowPercent / 100.0,
                SecondsPerMass = MillisecondsPerPercent / 10.0,
            },
            Compress = Compress,
            Floors = new SessionFloors { Sinks = Sinks, Recents = Recents, MinimumPerHead = MinimumPerHead },
            RestorePriority = RestorePriority > 100 ? null : RestorePriority,
            PinnedShare = PinnedPercent / 100.0,
        };
        options.Validate();
        return Enabled ? options : null;
    }
}
