using KVCluster.Inference.Kv;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Serving.Device.Pressure;

/// <summary>
/// Makes cut caches whole again while the device has nothing else to do and there is room for them below the low watermark, those of highest
/// priority first. A turn of anybody ends it.
/// </summary>
internal sealed class IdleRestores(DeviceParts parts, DevicePressureOptions options)
{
    /// <summary>The session to be made whole next; null where there is none.</summary>
    public DeviceSession? Next()
    {
        if (options.RestorePriority is not { } least)
        {
            return null;
        }

        long now = parts.Now;
        LedgerSnapshot ledger = parts.Ledger();
        long room = (long)(options.Weighing.LowWatermark * parts.LimitBytes) - (ledger.TotalBytes - ledger.FreeBytes);
        DeviceSession? best = null;
        foreach (DeviceSession session in parts.Sessions.Values)
        {
            bool asks = session.Priority >= least && session.IsIdle && !session.Cache!.IsExact && session.CutAt != 0
                && parts.Options.Time.GetElapsedTime(session.CutAt, now) >= options.RestoreDelay
                && (session.RestoreFailedAt == 0 || parts.Options.Time.GetElapsedTime(session.RestoreFailedAt, now) >= options.RestoreDelay);

            // While a cold copy is read, the cut cache is there too.
            if (asks && KvCapacity.BytesFor(parts.Geometry, session.Cached) <= room && (best is null || Before(session, best)))
            {
                best = session;
            }
        }

        return best;
    }

    /// <summary>Time until a session that was cut may be made whole; null where none waits for that.</summary>
    public TimeSpan? NextLook()
    {
        if (options.RestorePriority is not { } least)
        {
            return null;
        }

        long now = parts.Now;
        TimeSpan? next = null;
        foreach (DeviceSession session in parts.Sessions.Values)
        {
            long since = Math.Max(session.CutAt, session.RestoreFailedAt);
            if (session.Priority >= least && since != 0 && session.IsIdle && !session.Cache!.IsExact)
            {
                TimeSpan left = options.RestoreDelay - parts.Options.Time.GetElapsedTime(since, now);
                next = left > TimeSpan.Zero && (next is null || left < next) ? left : next;
            }
        }

        return next;
    }

    private static bool Before(DeviceSession a, DeviceSession b) => a.Priority != b.Priority ? a.Priority > b.Priority : a.LastUse > b.LastUse;
}
