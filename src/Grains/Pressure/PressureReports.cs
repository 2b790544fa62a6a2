using KVCluster.Inference.Kv;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Grains;

/// <summary>A device's pressure as other nodes see it.</summary>
internal static class PressureReports
{
    public static PressureReport Of(string node, IDeviceWorker worker, bool hasLiveLease, long afterEvent)
    {
        DevicePressureStatus status = worker.Pressure?.Status(afterEvent) ?? Unwatched(worker.Status().Ledger);
        return new PressureReport
        {
            Node = node,
            Device = worker.Device,
            LimitBytes = status.LimitBytes,
            UsedBytes = status.UsedBytes,
            WaitingBytes = status.WaitingBytes,
            HighBytes = status.HighBytes,
            LowBytes = status.LowBytes,
            IsPressing = status.IsPressing,
            HasLiveLease = hasLiveLease,
            Events = [.. status.Events.Select(Event)],
            Totals = [.. status.Totals.Select(t => new PressureTotal(Kind(t.Kind), t.Cause, t.Count, t.FreedBytes, t.DroppedMass))],
        };
    }

    private static PressureEvent Event(ReliefEvent happened) => new()
    {
        Number = happened.Number,
        At = happened.At,
        Kind = Kind(happened.Kind),
        Cause = happened.Cause,
        Session = happened.Session.ToString(),
        UsedBytes = happened.UsedBytes,
        LimitBytes = happened.LimitBytes,
        WaitingBytes = happened.WaitingBytes,
        PlannedBytes = happened.PlannedBytes,
        FreedBytes = happened.FreedBytes,
        DroppedMass = happened.DroppedMass,
        Tokens = happened.Tokens,
        KeptPerLayer = [.. happened.KeptPerLayer],
        Seconds = happened.Seconds,
        Fault = happened.Fault,
    };

    private static PressureEventKind Kind(ReliefKind kind) => kind switch
    {
        ReliefKind.Compress => PressureEventKind.Compress,
        ReliefKind.Drop => PressureEventKind.Drop,
        ReliefKind.Demote => PressureEventKind.Demote,
        ReliefKind.Refuse => PressureEventKind.Refuse,
        ReliefKind.Restore => PressureEventKind.Restore,
        _ => throw new NotSupportedException($"an event of kind {kind}"),
    };

    private static DevicePressureStatus Unwatched(LedgerSnapshot ledger) => new()
    {
        LimitBytes = ledger.TotalBytes,
        UsedBytes = ledger.TotalBytes - ledger.FreeBytes,
        WaitingBytes = 0,
        HighBytes = ledger.TotalBytes,
        LowBytes = ledger.TotalBytes,
        IsPressing = false,
        Events = [],
        Totals = [],
    };
}
