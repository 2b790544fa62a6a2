using KVCluster.Compression.Policies;
using KVCluster.Silo.Options;

namespace KVCluster.Silo.Comparing;

/// <summary>What a comparison was asked to be.</summary>
internal sealed record CompareSettings
{
    public required ModelChoice Model { get; init; }

    public required CompareMaterial Material { get; init; }

    /// <summary>Fractions of the cache to keep, each below 1; the whole cache is asked first in any case.</summary>
    public required IReadOnlyList<double> Keeps { get; init; }

    /// <summary>Policies as typed, and made; each is tried at each fraction.</summary>
    public required IReadOnlyList<(string Specification, ICompressionPolicy Policy)> Policies { get; init; }
}
