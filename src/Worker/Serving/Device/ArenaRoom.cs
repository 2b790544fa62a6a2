using KVCluster.Storage;
using KVCluster.Worker.Serving.Device.Pressure;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Serving.Device;

/// <summary>
/// Makes room in the arena by letting idle caches go: at once where a cold copy holds all of one or there is no store, else after a save.
/// Which of them, and whether some are cut instead, is the pressure's choice where there is one (<see cref="Pressure"/>).
/// </summary>
internal sealed class ArenaRoom(DeviceParts parts, CacheSaver saver)
{
    /// <summary>What <see cref="SaveAndDrop"/> tells in place of bytes where the cache came into use.</summary>
    public const long InUse = -1;

    private readonly List<Leaving> _leaving = [];
    private (long Changes, int Late, DeviceTerms Terms)? _failedAt;
    private long _failedPages;

    /// <summary>Chooses what gives; null: caches leave by <see cref="DeviceWorkerOptions.Relief"/>.</summary>
    public PressureControl? Pressure { get; set; }

    /// <summary>Whether pages are coming: of caches that are being saved in order to leave or to be cut.</summary>
    public bool IsComing => ComingPages > 0;

    /// <summary>Bytes that are coming.</summary>
    public long ComingBytes => ComingPages * parts.Geometry.PageBytes;

    /// <summary>Whether caches are being ranked, to be cut then rather than leave.</summary>
    public bool IsRanking => Pressure is { Ranking.IsUnderWay: true };

    /// <summary>
    /// Whether caches are being read by the store, which cannot be cut until then, or ranked, which leave no other way than whole until then.
    /// </summary>
    public bool IsHeldUp => Pressure is not null && (parts.StoreHealth.NextLate is not null || IsRanking);

    /// <summary>Whether any save is under way whose bytes are wanted, however late it is.</summary>
    public bool IsSaving => _leaving.Count > 0;

    private long ComingPages => _leaving.Sum(leaving => parts.StoreHealth.IsLate(leaving.Save!) ? 0 : leaving.Pages);

    /// <summary>Whether so many pages are free, after idle caches have gone as need be.</summary>
    /// <param name="pages">How many.</param>
    /// <param name="turn">For which turn; null: for something that nobody should have to leave for.</param>
    public bool Ensure(long pages, Turn? turn)
    {
        long missing = pages - parts.FreePages;
        if (pages <= 0 || missing <= 0)
        {
            // What is set aside already may be used also where the limit has come to lie below what is held.
            return true;
        }

        if (turn is not (null or { IsAutomatic: true }) || Pressure is null)
        {
            Relieve(missing, pages, turn);
        }

        return pages <= parts.FreePages;
    }

    /// <summary>Saves a cache where there is a store, then lets it go unless it came into use meanwhile.</summary>
    /// <param name="session">Whose cache.</param>
    /// <param name="done">Told the save, and the bytes that came free.</param>
    /// <param name="planned">Bytes that come free by it, where others leave with it.</param>
    /// <param name="asked">A caller wants it gone: it goes also where it is pinned.</param>
    public void SaveAndDrop(DeviceSession session, Action<SnapshotSave?, long> done, long planned = 0, bool asked = false)
    {
        session.IsLeaving = true;
        session.LeavingVersion = session.Version;
        SaveFirst(session, Math.Max(planned, session.Cache!.ExclusiveBytes) / parts.Geometry.PageBytes, (save, version) =>
        {
            bool leaves = session.IsLeaving && session.Version == version && session.Turn is null && (asked || !parts.IsPinned(session));

            // Not where it is leaving again, as it was after this save had begun.
            session.IsLeaving &= session.LeavingVersion != version;
            long freed = session.Cache is null ? 0 : leaves ? session.Drop() : InUse;
            if (leaves && freed > 0)
            {
                parts.Activity.Left(freed, saved: true);
            }

            done(save, freed);
        });
    }

    /// <summary>Saves a cache, then tells so, with the version saved; its pages count as coming meanwhile.</summary>
    public void SaveFirst(DeviceSession session, long pages, Action<SnapshotSave, int> done)
    {
        var leaving = new Leaving(pages);
        int version = session.Version;
        leaving.Save = saver.Begin(session, save =>
        {
            _leaving.Remove(leaving);
            done(save, version);
            parts.Counts.Changes++;
            Pressure?.Saved();
        });
        _leaving.Add(leaving);
    }

    private void Relieve(long missing, long pages, Turn? turn)
    {
        missing -= ComingPages;
        // What was in vain for another may not be so for a running turn: it may be cut itself by now.
        bool inVain = _failedAt == parts.Conditions && missing >= _failedPages && !(Pressure is not null && turn is { IsRunning: true });
        if (missing <= 0 || inVain)
        {
            return;
        }

        if (Pressure is not null)
        {
            Pressure.MakeRoom(pages * parts.Geometry.PageBytes, turn!);
            missing = pages - parts.FreePages - ComingPages;
        }
        else
        {
            missing = Evict(missing);
        }

        if (missing > 0)
        {
            (_failedAt, _failedPages) = (parts.Conditions, missing);
        }
    }

    /// <summary>Lets caches go by the configured order; returns the pages that are missing all the same.</summary>
    private long Evict(long missing)
    {
        var state = new PressureState(missing * parts.Geometry.PageBytes, parts.Ledger(), Idle());
        foreach (SessionKey key in parts.Options.Relief.Choose(state))
        {
            if (missing <= 0)
            {
                break;
            }

            if (parts.Sessions.TryGetValue(key, out DeviceSession? session) && session.IsIdle && !parts.IsPinned(session))
            {
                missing -= LetGo(session) / parts.Geometry.PageBytes;
            }
        }

        return missing;
    }

    /// <summary>Bytes that are or will be free.</summary>
    private long LetGo(DeviceSession session)
    {
        long bytes = session.Cache!.ExclusiveBytes;
        ReliefEvent gone = new()
        {
            Kind = ReliefKind.Drop,
            Cause = ReliefCauses.RoomForTurn,
            Session = session.Key,
            UsedBytes = parts.Ledger().TotalBytes - parts.Ledger().FreeBytes,
            LimitBytes = parts.LimitBytes,
            PlannedBytes = bytes,
            Tokens = session.Cached,
        };
        if (parts.Store is null || session.IsSaved)
        {
            long freed = session.Drop();
            parts.Activity.Left(freed, saved: false);
            parts.Log.Add(gone with { FreedBytes = freed });
            return bytes;
        }

        long start = parts.Now;
        SaveAndDrop(session, (save, freed) => parts.Log.Add(gone with
        {
            Kind = ReliefKind.Demote,
            FreedBytes = Math.Max(0, freed),
            Seconds = parts.Seconds(start, parts.Now),
            Fault = freed == InUse ? "it came into use" : save!.Reason,
        }));
        return bytes;
    }

    private List<IdleCache> Idle()
    {
        List<IdleCache> idle = [];
        foreach (DeviceSession session in parts.Sessions.Values)
        {
            if (session.IsIdle && !parts.IsPinned(session))
            {
                idle.Add(new IdleCache(session.Key, session.Cached, session.LastUse, session.Cache!.IsExact, session.IsSaved));
            }
        }

        return idle;
    }

    private sealed class Leaving(long pages)
    {
        public long Pages { get; } = pages;

        public SaveUnderWay? Save { get; set; }
    }
}
