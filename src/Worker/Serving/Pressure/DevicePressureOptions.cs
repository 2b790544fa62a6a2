using KVCluster.Compression;
using KVCluster.Compression.Pressure;
using KVCluster.Inference;

namespace KVCluster.Worker.Serving.Pressure;

/// <summary>How a device acts when its memory gets short.</summary>
public sealed record DevicePressureOptions
{
    /// <summary>Watermarks, and how costs are weighed.</summary>
    public PressureOptions Weighing { get; init; } = new();

    /// <summary>The chance that an idle session has another turn.</summary>
    public ReturnChance Return { get; init; } = new();

    /// <summary>Whether caches are cut; if not, they only leave.</summary>
    public bool Compress { get; init; } = true;

    /// <summary>What no cut takes; a tenant's guaranteed share of tokens is added to it.</summary>
    public SessionFloors Floors { get; init; } = new() { MinimumPerHead = 64 };

    /// <summary>
    /// Sessions of this priority or a higher one are made whole again by themselves when there is room below the low watermark; null: none.
    /// </summary>
    public int? RestorePriority { get; init; } = 1;

    /// <summary>How long a cut session is left as it is before it may be made whole by itself.</summary>
    public TimeSpan RestoreDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Share of the device's limit that pinned caches may take, in [0, 1].</summary>
    public double PinnedShare { get; init; } = 0.5;

    /// <summary>
    /// How long bytes of a save under way count as coming, at least: large caches are given four times what they should take. After that others
    /// have to give theirs, and no other save is begun for it until this one has ended: a store that hangs stops nothing.
    /// </summary>
    public TimeSpan SavePatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a cold store that failed counts as failing: until then caches are cut and leave without a copy.</summary>
    public TimeSpan StoreRetry { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Checks every option.</summary>
    /// <exception cref="InputException">One is out of range; the message names it.</exception>
    public void Validate()
    {
        try
        {
            Weighing.Validate();
            Return.Validate();
            Floors.Validate();
        }
        catch (PolicyException e)
        {
            throw new InputException($"memory pressure: {e.Message}");
        }

        Require(PinnedShare is >= 0 and <= 1, nameof(PinnedShare), "a share of the device, from 0 to 1");
        Require(RestoreDelay >= TimeSpan.Zero, nameof(RestoreDelay), "0 or more");
        Require(SavePatience > TimeSpan.Zero, nameof(SavePatience), "above 0");
        Require(StoreRetry >= TimeSpan.Zero, nameof(StoreRetry), "0 or more");
    }

    private static void Require(bool valid, string option, string range)
    {
        if (!valid)
        {
            throw new InputException($"memory pressure: {option} must be {range}");
        }
    }
}
