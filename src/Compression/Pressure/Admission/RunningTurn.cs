namespace KVCluster.Compression.Pressure.Admission;

/// <summary>A turn that runs.</summary>
/// <param name="SecondsLeft">Seconds until it is expected to end.</param>
/// <param name="Bytes">Bytes that may be had once it has ended.</param>
public readonly record struct RunningTurn(double SecondsLeft, long Bytes);
