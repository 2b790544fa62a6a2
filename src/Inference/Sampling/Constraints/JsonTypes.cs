using System.Globalization;
using System.Text.Json;

namespace KVCluster.Inference.Sampling.Constraints;

/// <summary>The types of JSON Schema.</summary>
internal static class JsonTypes
{
    /// <summary>Whether a value is of a type; a number without a fraction is an integer however it is written.</summary>
    /// <exception cref="InputException">There is no such type.</exception>
    public static bool Is(JsonElement value, string type, string path) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "integer" => value.ValueKind == JsonValueKind.Number && IsWhole(value.GetRawText()),
        "number" => value.ValueKind == JsonValueKind.Number,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "null" => value.ValueKind == JsonValueKind.Null,
        _ => throw JsonSchemaGrammar.Fault(path, $"no such type: {type}"),
    };

    // Beyond decimal's range, a double has no fraction left.
    private static bool IsWhole(string number) => decimal.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal exact)
        ? decimal.Truncate(exact) == exact
        : double.IsInteger(double.Parse(number, CultureInfo.InvariantCulture));
}
