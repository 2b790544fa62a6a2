namespace KVCluster.Compression.Pressure.Admission;

/// <summary>A turn that waits and goes first.</summary>
/// <param name="Seconds">Seconds it is expected to take once it has started.</param>
/// <param name="Bytes">Bytes it takes as it starts, and gives back at its end.</param>
public readonly record struct QueuedTurn(double Seconds, long Bytes);
