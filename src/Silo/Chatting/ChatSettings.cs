using KVCluster.Compression.Policies;
using KVCluster.Inference.Sampling;
using KVCluster.Silo.Options;

namespace KVCluster.Silo.Chatting;

/// <summary>What a chat was asked to be.</summary>
internal sealed record ChatSettings
{
    public required ModelChoice Model { get; init; }

    public required SamplingOptions Sampling { get; init; }

    public required ICompressionPolicy Policy { get; init; }

    public string? System { get; init; }

    /// <summary>Its text, read into the cache before the first question.</summary>
    public string? Document { get; init; }

    /// <summary>The fraction of the document's cache that stays; null: all of it.</summary>
    public double? Keep { get; init; }

    /// <summary>To be asked in turn; empty: a person types them.</summary>
    public required IReadOnlyList<string> Questions { get; init; }
}
