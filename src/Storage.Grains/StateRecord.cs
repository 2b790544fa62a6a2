using System.Text.Json;
using Orleans.Runtime;
using Orleans.Storage;

namespace KVCluster.Storage.Grains;

/// <summary>What the storages have in common: states are JSON of their public properties and fields, and a record has one version at a time.</summary>
internal static class StateRecord
{
    private static readonly JsonSerializerOptions Json = new() { IncludeFields = true };

    public static byte[] Write<T>(T state) => JsonSerializer.SerializeToUtf8Bytes(state, Json);

    public static T Read<T>(ReadOnlySpan<byte> data) => JsonSerializer.Deserialize<T>(data, Json)!;

    /// <summary>The stored ETag is not the one that the writer knew.</summary>
    public static InconsistentStateException Conflict(string? stored, string? known, string stateName, GrainId grainId) =>
        new($"Version conflict of the state {stateName} of grain {grainId}: the stored ETag is {stored ?? "none"}, the writer's {known ?? "none"}.", stored!, known!);
}
