using System.Text.Json;
using System.Text.Json.Nodes;
using KVCluster.Inference;
using KVCluster.Inference.Sampling.Constraints;

namespace KVCluster.Silo.OpenAi;

/// <summary>
/// The JSON Schema of a call to one of some functions, to hold an answer to it: <c>{"name": …, "arguments": {…}}</c>, the form that
/// <see cref="ToolCallParser"/> reads whatever the model's family.
/// </summary>
internal static class CallSchema
{
    /// <summary>Keywords whose values are data and no schemas.</summary>
    private static readonly HashSet<string> Data = ["const", "enum", "default", "examples"];

    /// <param name="tools">Functions, each with its path in the request.</param>
    /// <exception cref="OpenAiException">A function's parameters are a schema that an answer cannot be held to.</exception>
    public static string Of(IEnumerable<(JsonElement Tool, string Path)> tools)
    {
        var definitions = new JsonObject();
        var calls = new JsonArray();
        foreach ((JsonElement tool, string path) in tools)
        {
            JsonElement function = tool.GetProperty("function");
            string pointer = $"#/$defs/{definitions.Count}";
            definitions[definitions.Count.ToString(System.Globalization.CultureInfo.InvariantCulture)] = Parameters(function, pointer, path);
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

        return new JsonObject { ["$defs"] = definitions, ["anyOf"] = calls }.ToJsonString(OpenAiJson.Web.Options);
    }

    private static JsonNode Parameters(JsonElement function, string pointer, string path)
    {
        if (!function.TryGetProperty("parameters", out JsonElement parameters) || parameters.ValueKind == JsonValueKind.Null)
        {
            return new JsonObject { ["type"] = "object", ["properties"] = new JsonObject() };
        }

        try
        {
            TokenGrammars.CheckSchema(parameters);
        }
        catch (InputException e)
        {
            throw OpenAiException.Invalid($"{path}.parameters", $"a call cannot be held to '{path}.parameters': {e.Message}", "invalid_schema");
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
