using System.Text.Json;
using System.Text.Json.Nodes;

namespace KVCluster.Silo.OpenAi;

/// <summary>Tool calls between OpenAI's form, where arguments are a string of JSON, and the templates', where they are JSON.</summary>
internal static class ToolCalls
{
    /// <summary>Calls of an earlier answer as chat templates read them: arguments as an object.</summary>
    public static JsonElement ForTemplate(JsonElement calls, string path)
    {
        if (calls.ValueKind != JsonValueKind.Array)
        {
            throw OpenAiException.Invalid(path, $"'{path}' must be an array", "invalid_type");
        }

        var result = new JsonArray();
        int index = 0;
        foreach (JsonElement item in calls.EnumerateArray())
        {
            var call = new RequestFields(item, $"{path}[{index++}]");
            RequestFields function = call.Object("function") ?? throw call.Missing("function");
            string arguments = function.RequiredText("arguments");
            result.Add(new JsonObject
            {
                ["id"] = call.RequiredText("id"),
                ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = function.RequiredText("name"), ["arguments"] = Arguments(arguments, function.Name("arguments")) },
            });
        }

        return JsonSerializer.SerializeToElement(result);
    }

    /// <summary>A call's arguments, from their text.</summary>
    /// <exception cref="OpenAiException">They are not JSON.</exception>
    public static JsonNode? Arguments(string json, string path)
    {
        try
        {
            return JsonNode.Parse(json.Length == 0 ? "{}" : json);
        }
        catch (JsonException)
        {
            throw OpenAiException.Invalid(path, $"'{path}' is not JSON", "invalid_value");
        }
    }
}
