using KVCluster.Compression.Pressure;
using KVCluster.Storage;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Serving.Device.Pressure;

/// <summary>Carries acts out, and says what came of each.</summary>
internal sealed class PressureActs(DeviceParts parts, ArenaRoom room, PressureView view, CacheCutter cutter)
{
    /// <summary>Does one act; what needs a copy first ends later.</summary>
    public void Do(PressureAct act, DeviceSession session, ReliefContext why)
    {
        switch (act)
        {
            case DropAct:
                ReliefEvent drop = why.Event(ReliefKind.Drop, act, session);
                GiveWay(session, session.Cache!.Bytes, why);
                parts.Log.Add(drop with { FreedBytes = session.Drop(), Seconds = Since(why) });
                break;
            case DemoteAct:
                Demote(act, session, why);
                break;
            case CompressAct cut when NeedsCopy(session):
                SaveAndCut(cut, session, why);
                break;
            case CompressAct cut:
                Cut(cut, session, why, null);
                break;
        }
    }

    // The exact cache stays to be had: a cut may not be the end of it.
    private bool NeedsCopy(DeviceSession session) => session.Turn is null && session.Cache!.IsExact && !session.IsSaved && view.CanSave;

    private void Demote(PressureAct act, DeviceSession session, ReliefContext why)
    {
        ReliefEvent gone = why.Event(ReliefKind.Demote, act, session);
        long bytes = session.Cache!.Bytes;
        room.SaveAndDrop(session, (save, freed) =>
        {
            string? fault = freed == ArenaRoom.InUse ? "it came into use" : save!.Reason;
            GiveWay(session, session.Cache is null ? bytes : 0, why);
            parts.Log.Add(gone with { FreedBytes = Math.Max(0, freed), Seconds = Since(why), Fault = fault });
        }, act.PlannedBytes);
    }

    private void SaveAndCut(CompressAct cut, DeviceSession session, ReliefContext why)
    {
        session.IsToBeCut = true;
        int shared = session.Cache!.SharedPositions;
        room.SaveFirst(session, cut.PlannedBytes / parts.Geometry.PageBytes, (save, version) =>
        {
            bool wanted = session.IsToBeCut && session.Version == version && session is { Turn: null, Cache: not null };
            session.IsToBeCut = false;

            // Forked meanwhile: cutting what others hold too would copy pages and free none.
            if (wanted && !parts.IsPinned(session) && session.Cache!.SharedPositions <= shared)
            {
                Cut(cut, session, why, save.Outcome == SaveOutcome.Published ? null : $"no exact copy is kept: {save.Reason}");
            }
        });
    }

    private void Cut(CompressAct cut, DeviceSession session, ReliefContext why, string? fault)
    {
        ReliefEvent done = why.Event(ReliefKind.Compress, cut, session);
        long before = parts.Ledger().FreeBytes;
        CutResult result = cutter.Cut(session, cut, done.Cause);
        parts.Log.Add(done with
        {
            FreedBytes = parts.Ledger().FreeBytes - before,
            DroppedMass = result.Report?.DroppedMass,
            KeptPerLayer = result.KeptPerLayer,
            Seconds = Since(why),
            Fault = string.Join("; ", new[] { result.Fault, fault }.OfType<string>()) is { Length: > 0 } text ? text : null,
        });
    }

    // What a tenant's own limit takes is no want of memory.
    private void GiveWay(DeviceSession session, long bytes, ReliefContext why) =>
        session.GaveWay = bytes == 0 || why.Cause == ReliefCauses.TenantLimit ? default : (parts.Now, bytes);

    private double Since(ReliefContext why) => parts.Seconds(why.Since, parts.Now);
}
