using KVCluster.Inference.Kv;
using KVCluster.Storage;
using KVCluster.Worker.Serving.Telemetry;

namespace KVCluster.Worker.Serving.Device;

/// <summary>Brings caches back from the cold store, off the device's thread.</summary>
internal sealed class CacheFetcher(DeviceParts parts, ArenaRoom room)
{
    private readonly List<LayerOverlap> _overlaps = [];
    private int _loads;

    /// <summary>Whether copies are being loaded: each holds memory that may be had again once it is there.</summary>
    public bool IsLoading => _loads > 0;

    /// <summary>Computes a layer of what follows a copy that is being loaded; false where none has come.</summary>
    public bool Step()
    {
        for (int i = 0; i < _overlaps.Count; i++)
        {
            if (_overlaps[i].Step())
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Looks whether there is a copy.</summary>
    public void Find(DeviceSession session, SnapshotQuery query, Action<SnapshotLookup> done)
    {
        var fetch = new CacheFetch(query);
        session.Fetch = fetch;
        _ = parts.Store!.Begin(
            (store, cancel) => fetch.Until(cancel, end => store.FindAsync(query, end)),
            parts.Options.LookupTimeout,
            CacheFetch.NotFound,
            found =>
            {
                session.Fetch = null;
                bool unwanted = fetch.IsUnwanted(session);
                done(unwanted ? CacheFetch.NotFound : found);
                fetch.End(unwanted ? 0 : ArenaRoom.InUse);
            });
    }

    /// <summary>Loads a cold copy of a session that has no turn; ends when there is nothing more to wait for, whatever came of it.</summary>
    public Task Prefetch(DeviceSession session, AttachRequest request)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var query = new SnapshotQuery
        {
            Owner = new SnapshotOwner(session.Key.Tenant, session.Key.Session),
            Terms = new SnapshotTerms(parts.Model.Fingerprint, parts.Geometry),
            Epoch = request.Epoch,
            Tokens = request.History.ToArray(),
        };
        Find(session, query, found =>
        {
            bool wanted = found.IsHit && Fits(found) && session.Turn is null && !session.IsClosed;
            if (!wanted || !TryLoad(session, query, found, 0, _ => Prefetched(session, done)))
            {
                done.TrySetResult();
            }
        });
        return done.Task;
    }

    /// <summary>
    /// Loads a copy and gives it to the session in place of what it has. Reserves room for <paramref name="more"/> tokens beyond it. False
    /// where there is no room yet. Without a turn nobody is asked to make room by <see cref="ArenaRoom.Pressure"/>.
    /// </summary>
    public bool TryLoad(DeviceSession session, SnapshotQuery query, SnapshotLookup found, int more, Action<SnapshotLoad> done, Turn? turn = null)
    {
        int tokens = ReservedTokens(found, more);
        if (!room.Ensure(PagesOf(found, more), turn))
        {
            return false;
        }

        KvCache cache = parts.Backend.CreateCache(parts.Options.Observe);
        try
        {
            cache.Pin();
            cache.Reserve(tokens);
        }
        catch (ArenaFullException)
        {
            // Another load, off this thread, was quicker.
            cache.Dispose();
            return false;
        }

        bool returned = false;
        bool overlaps = turn is not null && found.StoredBytes >= parts.Options.OverlapLoadsFrom.TotalSeconds * parts.AttachSpeeds.LoadBytesPerSecond;
        LayerOverlap? overlap = overlaps ? LayerOverlap.Of(parts, turn!, cache, Math.Min(found.Tokens, query.Tokens.Length)) : null;
        if (overlap is not null)
        {
            query = query with { Arrival = overlap.Arrival };
            _overlaps.Add(overlap);
        }

        var fetch = new CacheFetch(query);
        session.Fetch = fetch;
        _loads++;
        _ = parts.Store!.Begin(
            (store, cancel) => fetch.Until(cancel, end => store.LoadAsync(query, cache, end)),
            parts.Options.TransferTimeout,
            CacheFetch.NotLoaded,
            load => Loaded(session, fetch, returned ? cache : null, load, overlap, done),
            late =>
            {
                returned = true;
                if (late)
                {
                    cache.Dispose();
                }
            });
        return true;
    }

    /// <summary>Whether the arena, were it empty, could hold the copy.</summary>
    public bool Fits(SnapshotLookup found) => found.Pages <= parts.TotalPages;

    /// <summary>Pages that a copy and <paramref name="more"/> tokens behind it take at most while it is loaded.</summary>
    public long PagesOf(SnapshotLookup found, int more) => KvCapacity.PagesFor(parts.Geometry, ReservedTokens(found, more));

    private static void Prefetched(DeviceSession session, TaskCompletionSource done)
    {
        if (session.Turn is null)
        {
            session.Cache?.ReleaseReservation();
        }

        done.TrySetResult();
    }

    /// <summary>The cache is null where the store still has its hands on it.</summary>
    private void Loaded(
        DeviceSession session, CacheFetch fetch, KvCache? cache, SnapshotLoad load, LayerOverlap? overlap, Action<SnapshotLoad> done)
    {
        session.Fetch = null;
        _loads--;
        bool unwanted = fetch.IsUnwanted(session);
        long freed = 0;
        if (load.Miss is null && !session.IsClosed && cache is not null && !unwanted)
        {
            Adopt(session, fetch.Query, cache, load);
            Continue(session, load, overlap);
        }
        else if (cache is not null)
        {
            freed = cache.Bytes + ((long)cache.ReservedPages * parts.Geometry.PageBytes);
            cache.Dispose();
        }

        if (overlap is not null)
        {
            overlap.Dispose();
            _overlaps.Remove(overlap);
        }

        done(unwanted ? CacheFetch.NotLoaded : load);
        fetch.End(unwanted ? freed : ArenaRoom.InUse);
    }

    /// <summary>What was computed behind the copy while it came is in the cache as well.</summary>
    private void Continue(DeviceSession session, SnapshotLoad load, LayerOverlap? overlap)
    {
        int more = overlap?.Finish(load) ?? 0;
        if (more > 0)
        {
            session.Tokens = new TokenBuffer(session.Turn!.Sequence.Span[..(load.Tokens + more)]);
            session.Grow(more);
            session.Turn.OverlappedTokens = more;
            parts.Activity.Computed(more);
            WorkerMetrics.Stepped(parts.Labels, more, 0, overlap!.Seconds);
        }
    }

    private void Adopt(DeviceSession session, SnapshotQuery query, KvCache cache, SnapshotLoad load)
    {
        parts.Speeds.Load(load.Bytes, load.Seconds);
        session.Drop();
        cache.Unpin();
        session.Adopt(cache, new TokenBuffer(query.Tokens.Span[..load.Tokens]), load.Tokens);
        session.Compressions = cache.IsExact ? [] : CompressionRecords.Read(load.CompressionRecord);
        session.SavedVersion = session.Version;
        session.ColdBytes = Math.Max(session.ColdBytes, load.Bytes);
        parts.Touch(session);
    }

    /// <summary>The copy's pages as tokens of a structured cache, and those to come; never more than the arena has.</summary>
    private int ReservedTokens(SnapshotLookup found, int more)
    {
        KvGeometry geometry = parts.Geometry;
        int stepPages = 2 * geometry.Heads;
        long copy = (long)((found.Pages + stepPages - 1) / stepPages) * geometry.PageTokens;
        long most = (long)(parts.TotalPages / stepPages) * geometry.PageTokens;
        return (int)Math.Min(copy + more, most);
    }
}
