using System.Text.Json;
using System.Text.Unicode;

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
            long length = FileSize.Of(path);
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
        ReadOnlyMemory<byte> body = WithoutByteOrderMark(text);
        JsonDocument json;
        try
        {
            RequireReadableStrings(path, body.Span);
            json = JsonDocument.Parse(body, _options);
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

    /// <summary>The parser finds broken UTF-8 and lone surrogates only when a string is read; here they are found at once.</summary>
    private static void RequireReadableStrings(string path, ReadOnlySpan<byte> text)
    {
        if (!Utf8.IsValid(text))
        {
            throw new ModelFormatException(path, "is not valid JSON: the text is not UTF-8");
        }

        Utf8JsonReader reader = new(text);
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName) || !reader.ValueIsEscaped)
            {
                continue;
            }

            try
            {
                _ = reader.GetString();
            }
            catch (InvalidOperationException e)
            {
                throw new ModelFormatException(path, $"is not valid JSON: a broken escape at byte {reader.TokenStartIndex}", e);
            }
        }
    }

    private static ReadOnlyMemory<byte> WithoutByteOrderMark(byte[] text) =>
        text.AsSpan().StartsWith("\uFEFF"u8) ? text.AsMemory(3) : text;
}
