using KVCluster.Inference.Kv;
using KVCluster.Storage;

namespace KVCluster.Worker.Serving.Device;

/// <summary>
/// Makes room in the arena by letting idle caches go: at once where a cold copy holds all of one or there is no store, else after a save.
/// </summary>
internal sealed class ArenaRoom(DeviceParts parts, CacheSaver saver)
{
    /// <summary>What <see cref="SaveAndDrop"/> tells in place of bytes where the cache came into use.</summary>
    public const long InUse = -1;

    private long _leavingPages;
    private long _failedAt = -1;
    private long _failedPages;

    /// <summary>Whether caches are being saved in order to leave.</summary>
    public bool IsComing => _leavingPages > 0;

    /// <summary>Whether so many pages are free, after idle caches have gone as need be.</summary>
    public bool Ensure(long pages)
    {
        long missing = pages - parts.Ledger().FreePages;
        if (missing <= 0)
        {
            return true;
        }

        Relieve(missing);
        return pages <= parts.Ledger().FreePages;
    }

    /// <summary>Saves a cache where there is a store, then lets it go unless it came into use meanwhile.</summary>
    public void SaveAndDrop(DeviceSession session, Action<SnapshotSave?, long> done)
    {
        long pages = session.Cache!.ExclusiveBytes / parts.Geometry.PageBytes;
        _leavingPages += pages;
        session.IsLeaving = true;
        int version = session.Version;
        saver.Begin(session, save =>
        {
            _leavingPages -= pages;
            bool leaves = session.IsLeaving && session.Version == version && session.Turn is null;
            session.IsLeaving = false;
            long freed = session.Cache is null ? 0 : leaves ? session.Drop() : InUse;
            if (leaves && freed > 0)
            {
                parts.Activity.Left(freed, saved: true);
            }

            done(save, freed);
        });
    }

    private void Relieve(long missing)
    {
        missing -= _leavingPages;
        if (missing <= 0 || (_failedAt == parts.Counts.Changes && missing >= _failedPages))
        {
            return;
        }

        var state = new PressureState(missing * parts.Geometry.PageBytes, parts.Ledger(), Idle());
        foreach (SessionKey key in parts.Options.Relief.Choose(state))
        {
            if (missing <= 0)
            {
                return;
            }

            if (parts.Sessions.TryGetValue(key, out DeviceSession? session) && session.IsIdle)
            {
                missing -= LetGo(session) / parts.Geometry.PageBytes;
            }
        }

        if (missing > 0)
        {
            (_failedAt, _failedPages) = (parts.Counts.Changes, missing);
        }
    }

    /// <summary>Bytes that are or will be free.</summary>
    private long LetGo(DeviceSession session)
    {
        if (parts.Store is null || session.IsSaved)
        {
            long freed = session.Drop();
            parts.Activity.Left(freed, saved: false);
            return freed;
        }

        long bytes = session.Cache!.ExclusiveBytes;
        SaveAndDrop(session, (_, _) => parts.Counts.Changes++);
        return bytes;
    }

    private List<IdleCache> Idle()
    {
        List<IdleCache> idle = [];
        foreach (DeviceSession session in parts.Sessions.Values)
        {
            if (session.IsIdle)
            {
                idle.Add(new IdleCache(session.Key, session.Cached, session.LastUse, session.Cache!.IsExact, session.IsSaved));
            }
        }

        return idle;
    }
}
