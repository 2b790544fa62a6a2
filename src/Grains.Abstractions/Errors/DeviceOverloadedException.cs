namespace KVCluster.Grains;

/// <summary>The device had no room in time. Nothing was changed; try again later.</summary>
[GenerateSerializer, Alias("KVCluster.DeviceOverloadedException")]
public sealed class DeviceOverloadedException(string message, TimeSpan retryAfter) : SessionException(message)
{
    /// <summary>When room is expected.</summary>
    [Id(0)]
    public TimeSpan RetryAfter { get; } = retryAfter;
}
