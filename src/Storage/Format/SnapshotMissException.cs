namespace KVCluster.Storage.Format;

/// <summary>Something about a copy cannot be verified. Never leaves this library: it becomes a miss of its cause.</summary>
internal sealed class SnapshotMissException(MissCause cause, string message) : Exception(message)
{
    public MissCause Cause { get; } = cause;
}
