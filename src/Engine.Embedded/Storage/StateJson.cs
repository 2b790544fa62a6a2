using System.Text.Json;

namespace KVCluster.Engine.Embedded;

/// <summary>How states are written: JSON of their public properties and fields.</summary>
internal static class StateJson
{
    private static readonly JsonSerializerOptions Options = new() { IncludeFields = true };

    public static byte[] Write<T>(T? state) => JsonSerializer.SerializeToUtf8Bytes(state, Options);

    public static T? Read<T>(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize<T>(json, Options);

    /// <summary>A state that nothing is known of yet.</summary>
    public static T New<T>() => Activator.CreateInstance<T>();
}
