using System.Text.Json;

namespace KVCluster.Inference.Models;

/// <summary>Reads the JSON files of a model strictly: one object, no key twice.</summary>
internal static class JsonText
{
    private static readonly JsonDocumentOptions _options = new() { AllowDuplicateProperties = false };

    // Far above any real configuration or index; keeps a mistaken path from being read into memory.
    private const long MaximumFileBytes = 256 << 20;

    /// <exception cref="ModelFormatException">The file cannot be read or is not a JSON object.</exception>
    public static JsonDocument Load(string path)
    {
        try
        {
            long length = new FileInfo(path).Length;
            return length <= MaximumFileBytes
                ? Parse(path, File.ReadAllBytes(path))
                : throw new ModelFormatException(path, $"{length} bytes are too many for a JSON file of a model");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFormatException(path, $"cannot be opened ({e.Message})", e);
        }
    }

    /// <exception cref="ModelFormatException">The text is not a JSON object.</exception>
    public static JsonDocument Parse(string path, byte[] text)
    {
        JsonDocument json;
        try
        {
            json = JsonDocument.Parse(WithoutByteOrderMark(text), _options);
        }
        catch (JsonException e)
        {
            throw new ModelFormatException(path, $"is not valid JSON: {e.Message}", e);
        }

        if (json.RootElement.ValueKind == JsonValueKind.Object)
        {
            return json;
        }

        using (json)
        {
            throw new ModelFormatException(path, "is not a JSON object");
        }
    }

    private static ReadOnlyMemory<byte> WithoutByteOrderMark(byte[] text) =>
        text.AsSpan().StartsWith("\uFEFF"u8) ? text.AsMemory(3) : text;
}
