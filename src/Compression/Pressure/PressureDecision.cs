namespace KVCluster.Compression.Pressure;

/// <summary>What a device does about its memory.</summary>
/// <param name="IsPressing">
/// Whether the device is between a rise above the high watermark and its return to the low one; handed back at the next call.
/// </param>
/// <param name="WantedBytes">Bytes that must come free to reach the low watermark.</param>
/// <param name="PlannedBytes">Bytes the acts are expected to free; less than wanted only where no act is left.</param>
/// <param name="Acts">What to do, in order: drop, compress idle sessions, compress active ones, demote, refuse.</param>
public sealed record PressureDecision(bool IsPressing, long WantedBytes, long PlannedBytes, IReadOnlyList<PressureAct> Acts);
