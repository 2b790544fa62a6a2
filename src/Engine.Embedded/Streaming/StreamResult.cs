namespace KVCluster.Engine.Embedded;

/// <summary>What a stream answered to its reader.</summary>
/// <param name="Status">How it goes on.</param>
/// <param name="Items">The elements that were ready; null for none.</param>
/// <param name="Error">The error that ended it.</param>
internal readonly record struct StreamResult<T>(StreamStatus Status, List<T>? Items = null, Exception? Error = null);

/// <summary>How a stream goes on.</summary>
internal enum StreamStatus
{
    /// <summary>There may be more.</summary>
    More,

    /// <summary>Nothing is ready yet: ask again.</summary>
    Waiting,

    /// <summary>These were the last elements.</summary>
    Completed,

    /// <summary>The grain's code failed.</summary>
    Failed,

    /// <summary>It was cancelled.</summary>
    Cancelled,

    /// <summary>The activation does not know the stream.</summary>
    Unknown,
}
