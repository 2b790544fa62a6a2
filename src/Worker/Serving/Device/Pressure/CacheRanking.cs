using KVCluster.Compression;
using KVCluster.Compression.Pressure;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Serving.Device.Pressure;

/// <summary>
/// Keeps sessions' score histograms up to date: made on another thread when a turn has ended or idle scores have come, so that they lie
/// ready when memory gets short; small ones that are missing then are made at once.
/// </summary>
internal sealed class CacheRanking(DeviceParts parts, DevicePressureOptions options)
{
    /// <summary>Slots up to which a histogram is made on the device's thread: a few milliseconds.</summary>
    private const long SlotsAtOnce = 1 << 19;

    /// <summary>A running turn's histogram stands for a cache that has grown by fewer tokens than this.</summary>
    private const int Growth = 64;

    private readonly long[] _slotBytes = SlotBytes(parts.Geometry);

    /// <summary>What no cut takes of a session.</summary>
    public SessionFloors FloorsOf(DeviceSession session)
    {
        double retention = Math.Clamp(parts.Terms.Tenant(session.Key.Tenant).GuaranteedRetention, 0, 1);
        return retention > options.Floors.GuaranteedRetention ? options.Floors with { GuaranteedRetention = retention } : options.Floors;
    }

    /// <summary>The histogram of a session; null where it is large and not ready.</summary>
    public ScoreHistogram? Of(DeviceSession session)
    {
        SessionFloors floors = FloorsOf(session);
        if (session.Ranked is { } ranked && ranked.Floors == floors && IsCurrent(session, ranked))
        {
            return ranked.Histogram;
        }

        if (Slots(session.Cache!) > SlotsAtOnce)
        {
            Prepare(session);
            return null;
        }

        session.Ranked = Make(session, floors)();
        return session.Ranked.Histogram;
    }

    /// <summary>Begins to make a session's histogram on another thread.</summary>
    public void Prepare(DeviceSession session)
    {
        if (session.Cache is null || session.Cached == 0)
        {
            return;
        }

        Func<RankedCache> make = Make(session, FloorsOf(session));
        if (parts.Options.RanksAtOnce)
        {
            Take(session, make());
            return;
        }

        _ = Task.Run(() =>
        {
            RankedCache made = make();
            try
            {
                parts.Inbox.Post(() => Take(session, made));
            }
            catch (ObjectDisposedException)
            {
                // The device has gone meanwhile.
            }
        });
    }

    private static bool IsCurrent(DeviceSession session, RankedCache ranked) => session.Turn is { IsRunning: true }
        ? session.Cached - ranked.Tokens is >= 0 and < Growth
        : ranked.Version == session.Version;

    private void Take(DeviceSession session, RankedCache made)
    {
        if (session.Version == made.Version && session.Cache is not null)
        {
            session.Ranked = made;
            parts.Counts.Changes++;
        }
    }

    /// <summary>Reads what the device's thread alone may read; the rest may be done anywhere.</summary>
    private Func<RankedCache> Make(DeviceSession session, SessionFloors floors)
    {
        CacheShape shape = CacheShapes.Of(session.Cache!);
        AttentionScores? scores = SlotScores.Of(parts, session, shape);
        int version = session.Version;
        int tokens = session.Cached;
        int pageTokens = parts.Geometry.PageTokens;
        return () => new RankedCache(SessionHistogram.Of(shape, scores, floors, _slotBytes, pageTokens), floors, version, tokens);
    }

    private static long Slots(KvCache cache) => (long)cache.PageCount / 2 * cache.Geometry.PageTokens;

    private static long[] SlotBytes(KvGeometry geometry)
    {
        var bytes = new long[geometry.Layers];
        Array.Fill(bytes, ((2L * geometry.PageBytes) + geometry.PageTokens - 1) / geometry.PageTokens);
        return bytes;
    }
}
