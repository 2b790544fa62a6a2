using System.Text.Json;
using Orleans.Storage;

namespace KVCluster.Engine.Hosting;

/// <summary>
/// Writes grain states as System.Text.Json does, as the embedded engine's directory storage also does: one form of a state for both engines,
/// and no type names in the stored text, as Orleans' own default (Newtonsoft.Json) writes and obeys.
/// </summary>
public sealed class JsonStateSerializer : IGrainStorageSerializer
{
    /// <inheritdoc/>
    public BinaryData Serialize<T>(T input) => new(JsonSerializer.SerializeToUtf8Bytes(input));

    /// <inheritdoc/>
    /// <exception cref="JsonException">The stored text is not a state of this type.</exception>
    public T Deserialize<T>(BinaryData input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return JsonSerializer.Deserialize<T>(input.ToMemory().Span) ?? throw new JsonException($"The stored state is null; {typeof(T)} was expected.");
    }
}
