using KVCluster.Compression;
using KVCluster.Compression.Pressure;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Serving.Device.Pressure;

/// <summary>
/// Keeps sessions' ranked scores up to date: made on another thread when a turn has ended, idle scores have come or a cut was made, so that
/// they lie ready when memory gets short; small ones that are missing then are made at once. They take four bytes a slot.
/// </summary>
internal sealed class CacheRanking(DeviceParts parts, DevicePressureOptions options)
{
    private readonly List<Action> _following = [];
    private int _underWay;
    private readonly long[] _slotBytes = SlotBytes(parts.Geometry);

    /// <summary>Whether caches are being ranked that could be cut then.</summary>
    public bool IsUnderWay => _underWay > 0;

    /// <summary>Whether a session's histogram is on its way: it can be cut soon, and need not go as a whole.</summary>
    public bool IsComing(DeviceSession session) =>
        session.BeingRanked is { } begun && begun.Floors == FloorsOf(session) && IsOfUse(session, begun);

    /// <summary>What no cut takes of a session; a beginning that it shares with others is as good as sinks.</summary>
    public SessionFloors FloorsOf(DeviceSession session)
    {
        double retention = Math.Max(options.Floors.GuaranteedRetention, parts.Terms.Tenant(session.Key.Tenant).GuaranteedRetention);
        int sinks = Math.Max(options.Floors.Sinks, session.Cache?.SharedPositions ?? 0);
        return options.Floors with { GuaranteedRetention = Math.Clamp(retention, 0, 1), Sinks = sinks };
    }

    /// <summary>The histogram of a session; null where it is large and not ready.</summary>
    /// <param name="session">Whose cache.</param>
    /// <param name="isAwaited">Its own turn cannot go on without: it is made here and now, however large.</param>
    public ScoreHistogram? Of(DeviceSession session, bool isAwaited = false)
    {
        SessionFloors floors = FloorsOf(session);
        if (session.Ranked is { } ranked && ranked.Contents.Floors == floors && ranked.Contents.StandFor(session))
        {
            return ranked.Histogram;
        }

        if (!isAwaited && !parts.Options.RanksAtOnce && Slots(session.Cache!) > parts.Options.SlotsRankedAtOnce)
        {
            if (!IsComing(session))
            {
                Prepare(session);
            }

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

        SessionFloors floors = FloorsOf(session);
        Func<RankedCache> make = Make(session, floors);
        if (parts.Options.RanksAtOnce)
        {
            Take(session, make());
            return;
        }

        var begun = RankedContents.Of(session, floors);
        session.BeingRanked = begun;
        _underWay++;
        _ = Task.Run(() =>
        {
            RankedCache? made = null;
            try
            {
                made = make();
            }
            finally
            {
                Post(() => End(session, begun, made));
            }
        });
    }

    /// <summary>The ranking of a session's cache as it is, by the best scores at hand; null where it is not ready.</summary>
    public SessionRanking? Ready(DeviceSession session, SessionFloors floors) =>
        session.Ranked is { Ranking: { } ranking } ranked && ranked.Contents == RankedContents.Of(session, floors) ? ranking : null;

    /// <summary>
    /// After a cut: the next one finds ranked scores too, once <see cref="FollowAll"/> was called. Until they are there
    /// <see cref="DeviceSession.Ranked"/> stays what the cut has left.
    /// </summary>
    /// <param name="session">Which.</param>
    /// <param name="before">Its ranking before.</param>
    /// <param name="plan">What was kept.</param>
    public void Follow(DeviceSession session, SessionRanking before, RetentionPlan plan)
    {
        if (session.Ranked is not { } left)
        {
            Prepare(session);
            return;
        }

        AttentionScores? carried = session.Carried;
        RankedCache Make()
        {
            AttentionScores? scores = carried ?? (before.Scores is { } all ? CarriedScores.Kept(all, plan) : null);
            SessionRanking after = before.After(plan, scores, _slotBytes);
            return left with { Histogram = after.Histogram, Ranking = after };
        }

        _following.Add(() =>
        {
            RankedCache made = Make();
            Post(() => session.Ranked = ReferenceEquals(session.Ranked, left) && left.Contents.StandFor(session) ? made : session.Ranked);
        });
    }

    /// <summary>All cuts of a decision are made: their sessions are ranked anew on another thread, one after another.</summary>
    public void FollowAll()
    {
        // What a cut leaves of a histogram is good enough where the order of threads must not matter.
        if (_following.Count > 0 && !parts.Options.RanksAtOnce)
        {
            Action[] following = [.. _following];
            _ = Task.Run(() => Array.ForEach(following, follow => follow()));
        }

        _following.Clear();
    }

    private void Post(Action take)
    {
        try
        {
            parts.Inbox.Post(take);
        }
        catch (ObjectDisposedException)
        {
            // The device has gone meanwhile.
        }
    }

    /// <summary>Whether what was begun of these contents is of use: they are those of the cache, by the scores at hand.</summary>
    private static bool IsOfUse(DeviceSession session, RankedContents begun) =>
        begun.IsCarried == session.Carried is not null && begun.StandFor(session);

    private void End(DeviceSession session, RankedContents begun, RankedCache? made)
    {
        _underWay--;
        parts.Counts.Changes++;
        if (ReferenceEquals(session.BeingRanked, begun))
        {
            session.BeingRanked = null;
        }

        if (made is not null)
        {
            Take(session, made);
        }
    }

    private void Take(DeviceSession session, RankedCache made)
    {
        if (session.Cache is not null && IsOfUse(session, made.Contents))
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
        var contents = RankedContents.Of(session, floors);
        int pageTokens = parts.Geometry.PageTokens;
        return () =>
        {
            SessionRanking ranking = SessionRanking.Of(shape, scores, floors, _slotBytes, pageTokens);
            return new RankedCache(ranking.Histogram, ranking, contents);
        };
    }

    private static long Slots(KvCache cache) => (long)cache.PageCount / 2 * cache.Geometry.PageTokens;

    private static long[] SlotBytes(KvGeometry geometry)
    {
        var bytes = new long[geometry.Layers];
        Array.Fill(bytes, ((2L * geometry.PageBytes) + geometry.PageTokens - 1) / geometry.PageTokens);
        return bytes;
    }
}
