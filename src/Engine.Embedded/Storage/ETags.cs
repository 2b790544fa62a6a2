using System.Diagnostics.CodeAnalysis;
using Orleans.Runtime;
using Orleans.Storage;

namespace KVCluster.Engine.Embedded;

/// <summary>Compares the version of a record with the one its writer knows.</summary>
internal static class ETags
{
    public static void ThrowIfOther(string? stored, string? known, string stateName, GrainId grain)
    {
        if (!string.Equals(stored, known, StringComparison.Ordinal))
        {
            Throw(stored, known, stateName, grain);
        }
    }

    [DoesNotReturn]
    public static void Throw(string? stored, string? known, string stateName, GrainId grain)
        => throw new InconsistentStateException(
            $"Version conflict of the state {stateName} of grain {grain}: the stored ETag is {stored ?? "none"}, the writer's {known ?? "none"}.",
            stored, known);
}
