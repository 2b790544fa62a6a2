using System.Text.Json;
using System.Text.Json.Nodes;

namespace KVCluster.Silo.Tests.Gateway.OpenApi;

/// <summary>Whether JSON conforms to a schema: types, known properties, required ones, items, references. Unknown properties are faults.</summary>
internal static class SchemaCheck
{
    public static void Conforms(JsonNode? value, JsonNode schema, JsonObject schemas, string path)
    {
        if (schema is not JsonObject rules)
        {
            return;
        }

        if (rules["$ref"] is { } reference)
        {
            Conforms(value, schemas[reference.GetValue<string>().Split('/')[^1]]!, schemas, path);
            return;
        }

        if (rules["type"] is { } type)
        {
            string[] allowed = type is JsonArray types ? [.. types.Select(t => t!.GetValue<string>())] : [type.GetValue<string>()];
            Assert.True(allowed.Any(t => Is(value, t)), $"{path}: {value?.ToJsonString() ?? "null"} is no {string.Join(" or ", allowed)}");
        }

        if (value is JsonObject given && rules["properties"] is JsonObject properties)
        {
            foreach ((string name, JsonNode? member) in given)
            {
                Assert.True(properties.ContainsKey(name), $"{path}.{name} is not in the schema");
                Conforms(member, properties[name]!, schemas, $"{path}.{name}");
            }

            Assert.All(rules["required"]?.AsArray() ?? [], name => Assert.True(given.ContainsKey(name!.GetValue<string>()), $"{path}: {name} is missing"));
        }

        if (value is JsonArray items && rules["items"] is { } each)
        {
            for (int i = 0; i < items.Count; i++)
            {
                Conforms(items[i], each, schemas, $"{path}[{i}]");
            }
        }
    }

    private static bool Is(JsonNode? value, string type) => type switch
    {
        "null" => value is null,
        "object" => value is JsonObject,
        "array" => value is JsonArray,
        "string" => value?.GetValueKind() == JsonValueKind.String,
        "boolean" => value?.GetValueKind() is JsonValueKind.True or JsonValueKind.False,
        "integer" => value?.GetValueKind() == JsonValueKind.Number && double.IsInteger(value.GetValue<double>()),
        "number" => value?.GetValueKind() == JsonValueKind.Number,
        _ => false,
    };
}
