namespace KVCluster.Worker.Serving;

/// <summary>A caller's epoch is older than one seen: another activation of the session has taken over, and this one must stop.</summary>
public sealed class StaleEpochException(SessionKey session, long epoch, long seen)
    : Exception($"session {session}: epoch {epoch} is fenced, epoch {seen} was seen")
{
    /// <summary>The caller's.</summary>
    public long Epoch { get; } = epoch;

    /// <summary>The latest.</summary>
    public long Seen { get; } = seen;
}

/// <summary>A turn of this session is running.</summary>
public sealed class TurnInProgressException(SessionKey session) : Exception($"session {session}: a turn is running");

/// <summary>There was no room in time.</summary>
public sealed class DeviceBusyException(string message, TimeSpan retryAfter) : Exception(message)
{
    /// <summary>When room is expected, by what runs and how fast.</summary>
    public TimeSpan RetryAfter { get; } = retryAfter;
}

/// <summary>The device's thread failed; the device takes no more work until it is opened again.</summary>
public sealed class DeviceFailedException(string device, Exception cause) : Exception($"device {device} failed: {cause.Message}", cause);
