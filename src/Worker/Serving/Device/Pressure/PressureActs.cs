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
        room.SaveAndDrop(session, (save, freed) =>
        {
            string? fault = freed == ArenaRoom.InUse ? "it came into use" : save!.Reason;
            parts.Log.Add(gone with { FreedBytes = Math.Max(0, freed), Seconds = Since(why), Fault = fault });
        });
    }

    private void SaveAndCut(CompressAct cut, DeviceSession session, ReliefContext why)
    {
        session.IsToBeCut = true;
        room.SaveFirst(session, cut.PlannedBytes / parts.Geometry.PageBytes, (save, version) =>
        {
            bool wanted = session.IsToBeCut && session.Version == version && session is { Turn: null, Cache: not null };
            session.IsToBeCut = false;
            if (wanted && !parts.IsPinned(session))
            {
                Cut(cut, session, why, save.Outcome == SaveOutcome.Published ? null : $"no exact copy is kept: {save.Reason}");
            }
        });
    }

    private void Cut(CompressAct cut, DeviceSession session, ReliefContext why, string? fault)
    {
        ReliefEvent done = why.Event(ReliefKind.Compress, cut, session);
        long before = parts.Ledger().FreeBytes;
        CutResult result = cutter.Cut(session, cut);
        parts.Log.Add(done with
        {
            FreedBytes = parts.Ledger().FreeBytes - before,
            DroppedMass = result.Report?.DroppedMass,
            KeptPerLayer = result.KeptPerLayer,
            Seconds = Since(why),
            Fault = string.Join("; ", new[] { result.Fault, fault }.OfType<string>()) is { Length: > 0 } text ? text : null,
        });
    }

    private double Since(ReliefContext why) => parts.Seconds(why.Since, parts.Now);
}
