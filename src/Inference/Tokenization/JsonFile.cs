using System.Text.Json;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Tokenization;

/// <summary>
/// Reads JSON that may be anything: whatever is wrong becomes a <see cref="ModelFormatException"/> naming file and field.
/// </summary>
internal static class JsonFile
{
    /// <summary>
    /// Parses a file and hands its root object to <paramref name="read"/>; nothing of it may be kept but cloned elements.
    /// </summary>
    public static T Read<T>(string path, Func<JsonElement, T> read)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            using JsonDocument document = JsonDocument.Parse(file);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new ModelFormatException(path, "not a JSON object");
            }

            return read(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new ModelFormatException(path, $"bad JSON: {e.Message}", e);
        }
        catch (InvalidOperationException e)
        {
            // Escapes of half a surrogate pair are found only when the string is asked for.
            throw new ModelFormatException(path, $"a string is not valid Unicode: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFormatException(path, $"cannot be read: {e.Message}", e);
        }
    }

    /// <summary>A property that is there and not null.</summary>
    public static bool TryGet(JsonElement parent, string name, out JsonElement value)
    {
        value = default;
        return parent.ValueKind == JsonValueKind.Object
            && parent.TryGetProperty(name, out value)
            && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined);
    }

    /// <summary>A property of a given kind, or an error.</summary>
    public static JsonElement Get(string path, JsonElement parent, string name, JsonValueKind kind)
    {
        if (!TryGet(parent, name, out JsonElement value))
        {
            throw new ModelFormatException(path, $"'{name}' is missing");
        }

        return value.ValueKind == kind ? value : throw new ModelFormatException(path, $"'{name}' is {value.ValueKind}, not {kind}");
    }

    /// <summary>A string property, or an error.</summary>
    public static string GetString(string path, JsonElement parent, string name) =>
        Get(path, parent, name, JsonValueKind.String).GetString()!;

    /// <summary>A boolean property; null or absent is <paramref name="otherwise"/>.</summary>
    public static bool GetFlag(string path, JsonElement parent, string name, bool otherwise = false)
    {
        if (!TryGet(parent, name, out JsonElement value))
        {
            return otherwise;
        }

        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind kind => throw new ModelFormatException(path, $"'{name}' is {kind}, not true or false"),
        };
    }

    /// <summary>The "type" of a tokenizer's component.</summary>
    public static string GetType(string path, JsonElement component) =>
        component.ValueKind == JsonValueKind.Object
            ? GetString(path, component, "type")
            : throw new ModelFormatException(path, $"a component is {component.ValueKind}, not an object");
}
