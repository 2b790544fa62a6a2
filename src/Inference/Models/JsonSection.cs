using System.Globalization;
using System.Text.Json;

namespace KVCluster.Inference.Models;

/// <summary>
/// Typed access to one JSON object of a model file. A key that is absent or null counts as not given; a value of another kind is an error
/// that names file and key.
/// </summary>
internal sealed class JsonSection(string path, string name, JsonElement element)
{
    private readonly JsonElement _element = element.ValueKind == JsonValueKind.Object
        ? element
        : throw new ModelFormatException(path, $"{name} is not a JSON object");

    public string Path { get; } = path;

    public bool Has(string key) => Find(key) is not null;

    /// <summary>The key is there, be it null.</summary>
    public bool IsGiven(string key) => _element.TryGetProperty(key, out _);

    public string Text(string key) => OptionalText(key) ?? throw Missing(key);

    public string? OptionalText(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => value.GetString()!,
        JsonElement other => throw Wrong(key, other, "a string"),
    };

    /// <summary>A size: from 1 to <paramref name="maximum"/>.</summary>
    public int Size(string key, int maximum) => OptionalSize(key, maximum) ?? throw Missing(key);

    public int? OptionalSize(string key, int maximum) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out int size) && size >= 1 && size <= maximum => size,
        JsonElement other => throw Wrong(key, other, $"an integer from 1 to {maximum}"),
    };

    /// <summary>Any 32-bit integer.</summary>
    public int? OptionalInteger(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out int number) => number,
        JsonElement other => throw Wrong(key, other, "an integer"),
    };

    public bool? OptionalBool(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        JsonElement other => throw Wrong(key, other, "true or false"),
    };

    /// <summary>A finite number.</summary>
    public double? OptionalNumber(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } value when value.TryGetDouble(out double number) && double.IsFinite(number) => number,
        JsonElement other => throw Wrong(key, other, "a finite number"),
    };

    public long[] Integers(string key)
    {
        JsonElement value = Find(key) ?? throw Missing(key);
        if (value.ValueKind != JsonValueKind.Array)
        {
            throw Wrong(key, value, "an array of integers");
        }

        return [.. value.EnumerateArray().Select(e => e.ValueKind == JsonValueKind.Number && e.TryGetInt64(out long number)
            ? number
            : throw Wrong(key, e, "an array of integers"))];
    }

    /// <summary>One integer or an array of integers; null where not given.</summary>
    public long[]? OptionalIntegers(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } => Integers(key),
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt64(out long number) => [number],
        JsonElement other => throw Wrong(key, other, "an integer or an array of integers"),
    };

    public string[]? OptionalTexts(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } value => [.. value.EnumerateArray().Select(e => e.ValueKind == JsonValueKind.String
            ? e.GetString()!
            : throw Wrong(key, e, "an array of strings"))],
        JsonElement other => throw Wrong(key, other, "an array of strings"),
    };

    public JsonSection? OptionalSection(string key) =>
        Find(key) is JsonElement value ? new JsonSection(Path, $"'{key}'", value) : null;

    public IEnumerable<(string Key, string Text)> Entries()
    {
        foreach (JsonProperty entry in _element.EnumerateObject())
        {
            yield return entry.Value.ValueKind == JsonValueKind.String
                ? (entry.Name, entry.Value.GetString()!)
                : throw Wrong(entry.Name, entry.Value, "a string");
        }
    }

    public ModelFormatException Fault(string fault) => new(Path, fault);

    private JsonElement? Find(string key) =>
        _element.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private ModelFormatException Missing(string key) => Fault($"{name} has no '{key}'");

    private ModelFormatException Wrong(string key, JsonElement value, string expected)
    {
        string text = value.GetRawText();
        string shown = text.Length <= 40 ? text : string.Create(CultureInfo.InvariantCulture, $"{text[..40]}...");
        return Fault($"{name}: '{key}' is {shown} where {expected} was expected");
    }
}
