namespace KVCluster.Compression.Pressure.Leases;

/// <summary>Sessions should move: the source chooses which, the target reserves their bytes before they come.</summary>
/// <param name="From">The node that is short.</param>
/// <param name="To">The node that is not.</param>
/// <param name="Bytes">Most bytes to move.</param>
public readonly record struct SessionMove(string From, string To, long Bytes);
