using KVCluster.Compression.Pressure;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Serving.Device.Pressure;

/// <summary>Why acts are done, and what was seen when they were decided.</summary>
/// <param name="Cause">One of <see cref="ReliefCauses"/>; null: what the controller says.</param>
/// <param name="UsedBytes">Bytes held.</param>
/// <param name="LimitBytes">Bytes that might be held.</param>
/// <param name="WaitingBytes">Bytes that turns waited for.</param>
/// <param name="Since">When it was decided, a timestamp.</param>
internal sealed record ReliefContext(string? Cause, long UsedBytes, long LimitBytes, long WaitingBytes, long Since)
{
    /// <summary>An event of an act.</summary>
    public ReliefEvent Event(ReliefKind kind, PressureAct act, DeviceSession session) => new()
    {
        Kind = kind,
        Cause = Cause ?? NameOf(act.Cause.Kind),
        Session = session.Key,
        UsedBytes = UsedBytes,
        LimitBytes = LimitBytes,
        WaitingBytes = WaitingBytes,
        PlannedBytes = act.PlannedBytes,
        Tokens = session.Cached,
    };

    private static string NameOf(PressureCauseKind kind) => kind switch
    {
        PressureCauseKind.HighWatermark => ReliefCauses.HighWatermark,
        PressureCauseKind.StillAboveLow => ReliefCauses.StillAboveLow,
        _ => ReliefCauses.WaitingTurns,
    };
}
