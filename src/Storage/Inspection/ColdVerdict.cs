namespace KVCluster.Storage.Inspection;

/// <summary>Whether a session's copies are sound.</summary>
/// <param name="Owner">Whose.</param>
/// <param name="Fault">What a load would miss with; null: all verifies.</param>
/// <param name="Reason">The same in words.</param>
/// <param name="Frames">Frames that verified.</param>
/// <param name="Bytes">Their bytes.</param>
public sealed record ColdVerdict(SnapshotOwner Owner, MissCause? Fault, string? Reason, int Frames, long Bytes);
