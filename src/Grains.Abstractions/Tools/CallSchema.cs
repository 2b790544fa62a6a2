using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KVCluster.Grains;

/// <summary>
/// The JSON Schema of a call to one of some functions, to hold an answer to it (<see cref="SamplingSettings.AnswerSchema"/>):
/// <c>{"name": …, "arguments": {…}}</c>, the form that <see cref="ToolCallParser"/> reads whatever the model's family.
/// </summary>
public static class CallSchema
{
    /// <summary>Keywords whose values are data and no schemas.</summary>
    private static readonly HashSet<string> Data = ["const", "enum", "default", "examples"];

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The schema, as JSON. Whether an answer can be held to a function's parameters is not looked at.</summary>
    /// <param name="tools">Functions as chat templates read them: name and parameters under "function".</param>
    public static string Of(IEnumerable<JsonElement> tools)
    {
        ArgumentNullException.ThrowIfNull(tools);
        var definitions = new JsonObject();
        var calls = new JsonArray();
        foreach (JsonElement tool in tools)
        {
            JsonElement function = tool.GetProperty("function");
            string pointer = $"#/$defs/{definitions.Count}";
            definitions[definitions.Count.ToString(System.Globalization.CultureInfo.InvariantCulture)] = Parameters(function, pointer);
            calls.Add(new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject
                {
                    ["name"] = new JsonObject { ["const"] = function.GetProperty("name").GetString() },
                    ["arguments"] = new JsonObject { ["$ref"] = pointer },
                },
                ["required"] = new JsonArray("name", "arguments"),
                ["additionalProperties"] = false,
            });
        }

        return new JsonObject { ["$defs"] = definitions, ["anyOf"] = calls }.ToJsonString(Json);
    }

    private static JsonNode Parameters(JsonElement function, string pointer)
    {
        if (!function.TryGetProperty("parameters", out JsonElement parameters) || parameters.ValueKind == JsonValueKind.Null)
        {
            return new JsonObject { ["type"] = "object", ["properties"] = new JsonObject() };
        }

        JsonNode schema = JsonNode.Parse(parameters.GetRawText())!;
        Rebase(schema, pointer);
        return schema;
    }

    /// <summary>References into a schema lead to where it lies in the whole.</summary>
    private static void Rebase(JsonNode? node, string pointer)
    {
        if (node is JsonArray items)
        {
            foreach (JsonNode? item in items)
            {
                Rebase(item, pointer);
            }
        }
        else if (node is JsonObject schema)
        {
            if (schema["$ref"] is JsonValue reference && reference.TryGetValue(out string? target) && target.StartsWith('#'))
            {
                schema["$ref"] = pointer + target[1..];
            }

            foreach ((string name, JsonNode? value) in schema.Where(p => !Data.Contains(p.Key)).ToArray())
            {
                Rebase(value, pointer);
            }
        }
    }
}
