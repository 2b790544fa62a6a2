namespace KVCluster.Worker.Serving;

/// <summary>A session's cache is wanted on this device.</summary>
/// <param name="Session">Which session.</param>
/// <param name="Epoch">The caller's epoch.</param>
/// <param name="History">All its tokens.</param>
public sealed record AttachRequest(SessionKey Session, long Epoch, ReadOnlyMemory<int> History);
