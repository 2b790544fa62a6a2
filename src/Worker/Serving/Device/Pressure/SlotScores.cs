using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Kv;

namespace KVCluster.Worker.Serving.Device.Pressure;

/// <summary>What the slots of a cache are worth by the best scores at hand: nothing is run on the model for them.</summary>
internal static class SlotScores
{
    /// <summary>
    /// With more unknown slots than this share a cache counts as unscored: what it observed before it came to this device is not known.
    /// </summary>
    private const double MostUnknown = 0.25;

    /// <summary>
    /// Those made while the session was idle (<see cref="CarriedScores"/>), else attention observed as it went; null where there are none. They may hold numbers that are
    /// not finite: whoever ranks by them looks. Observed attention that the device has no memory to read (activations fill it) counts as none, until it is asked again.
    /// </summary>
    public static AttentionScores? Of(DeviceParts parts, DeviceSession session, CacheShape shape)
    {
        if (session.Carried is { } carried && CarriedScores.Extended(carried, shape) is { } worth)
        {
            return worth;
        }

        AttentionScores? observed = Observed(parts, session.Cache!);
        return observed is not null && IsKnown(observed) ? observed : null;
    }

    private static AttentionScores? Observed(DeviceParts parts, KvCache cache)
    {
        try
        {
            return parts.Backend.Observed(cache);
        }
        catch (ArenaFullException)
        {
            // Relief must not fail for want of what it is about to free.
            return null;
        }
    }

    private static bool IsKnown(AttentionScores observed)
    {
        long slots = 0;
        long unknown = 0;
        for (int i = 0; i < observed.Layers * observed.Heads; i++)
        {
            ReadOnlySpan<float> row = observed.Row(i / observed.Heads, i % observed.Heads);
            slots += row.Length;
            unknown += row.Count(0f);
        }

        return unknown <= MostUnknown * slots;
    }
}
