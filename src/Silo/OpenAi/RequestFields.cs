using System.Text.Json;

namespace KVCluster.Silo.OpenAi;

/// <summary>
/// Reads the fields of one JSON object strictly: a wrong type or range is an error naming the field, and so is a field that nobody asked
/// for. JSON null counts as absent, as OpenAI has it.
/// </summary>
internal sealed class RequestFields
{
    private readonly JsonElement _object;
    private readonly string _path;
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    public RequestFields(JsonElement value, string path = "")
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw OpenAiException.Invalid(path.Length == 0 ? null : path, $"{(path.Length == 0 ? "the request body" : path)} must be a JSON object");
        }

        _object = value;
        _path = path;
    }

    /// <summary>The field's full name, for errors.</summary>
    public string Name(string field) => _path.Length == 0 ? field : $"{_path}.{field}";

    public JsonElement? Any(string field)
    {
        _read.Add(field);
        return _object.TryGetProperty(field, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    public string? Text(string field) => Any(field) is { } value
        ? value.ValueKind == JsonValueKind.String ? value.GetString() : throw Wrong(field, "a string")
        : null;

    public string RequiredText(string field) => Text(field) ?? throw Missing(field);

    public bool? Flag(string field) => Any(field)?.ValueKind switch
    {
        null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(field, "true or false"),
    };

    public int? Count(string field, int least, int most) => Any(field) is { } value
        ? value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= least && number <= most
            ? number
            : throw Wrong(field, most == int.MaxValue ? $"a whole number of {least} or more" : $"a whole number from {least} to {most}")
        : null;

    /// <summary>A seed: OpenAI's are signed, those that answers name are not.</summary>
    public ulong? Seed(string field) => Any(field) is not { } value ? null
        : value.ValueKind != JsonValueKind.Number ? throw Wrong(field, "a whole number")
        : value.TryGetInt64(out long signed) ? unchecked((ulong)signed)
        : value.TryGetUInt64(out ulong seed) ? seed
        : throw Wrong(field, "a whole number of 64 bits");

    public float? Number(string field, float least, float most) => Any(field) is { } value
        ? value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out float number) && number >= least && number <= most
            ? number
            : throw Wrong(field, $"a number from {least} to {most}")
        : null;

    public IReadOnlyList<JsonElement>? Items(string field, int most) => Any(field) is { } value
        ? value.ValueKind != JsonValueKind.Array ? throw Wrong(field, "an array")
            : value.GetArrayLength() <= most ? [.. value.EnumerateArray()]
            : throw Wrong(field, $"an array of at most {most} items")
        : null;

    public RequestFields? Object(string field) => Any(field) is { } value ? new RequestFields(value, Name(field)) : null;

    /// <summary>Fields that change nothing here and are accepted for what clients send by habit.</summary>
    public void Ignore(params ReadOnlySpan<string> fields)
    {
        foreach (string field in fields)
        {
            _read.Add(field);
        }
    }

    /// <summary>A field that asks for something this server does not do: an error where it is given, unless it asks for what is done anyway.</summary>
    public void Refuse(string field, string why, Func<JsonElement, bool>? harmless = null)
    {
        if (Any(field) is { } value && harmless?.Invoke(value) != true)
        {
            throw OpenAiException.Invalid(Name(field), $"'{Name(field)}' is not supported: {why}", "unsupported_parameter");
        }
    }

    /// <summary>Throws for the first field that was not read.</summary>
    public void RequireAllRead()
    {
        foreach (JsonProperty property in _object.EnumerateObject())
        {
            if (!_read.Contains(property.Name))
            {
                string name = property.Name.Length <= 64 ? property.Name : property.Name[..64];
                throw OpenAiException.Invalid(Name(name), $"Unrecognized request argument supplied: {Name(name)}", "unknown_parameter");
            }
        }
    }

    public OpenAiException Wrong(string field, string expected) =>
        OpenAiException.Invalid(Name(field), $"'{Name(field)}' must be {expected}", "invalid_type");

    public OpenAiException Missing(string field) =>
        OpenAiException.Invalid(Name(field), $"'{Name(field)}' is required", "missing_required_parameter");
}
