using KVCluster.Silo.Sessions;

namespace KVCluster.Silo.Generating;

/// <summary>The JSON of <c>generate</c>.</summary>
internal sealed record GenerateReport
{
    public required ModelUse Model { get; init; }

    public required Prefill Prompt { get; init; }

    public required Answer Answer { get; init; }

    /// <summary>Bytes of the pages the cache holds at the end.</summary>
    public required long CacheBytes { get; init; }
}
