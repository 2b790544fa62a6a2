using KVCluster.Storage.Blobs;

namespace KVCluster.Storage.Redis.Blobs;

/// <summary>What a Redis store keeps, and for how long.</summary>
public sealed record RedisBlobStoreOptions
{
    /// <summary>Begins every key: stores of different prefixes share a server without seeing each other.</summary>
    public string Prefix { get; init; } = "kvcluster";

    /// <summary>How long a blob stays after it was written or renewed.</summary>
    public TimeSpan TimeToLive { get; init; } = TimeSpan.FromDays(1);

    /// <summary>
    /// How long a frame stays that no manifest names yet: more than a save takes. What a failed save leaves behind is counted so long.
    /// </summary>
    public TimeSpan UnpublishedTimeToLive { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How many bytes the store may hold.</summary>
    public required BlobBudget Budget { get; init; }
}
