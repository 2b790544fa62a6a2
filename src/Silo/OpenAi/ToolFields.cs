using System.Text.Json;
using KVCluster.Grains;
using KVCluster.Inference;
using KVCluster.Inference.Sampling.Constraints;

namespace KVCluster.Silo.OpenAi;

/// <summary>Reads the tools a model may call, and whether it must.</summary>
internal static class ToolFields
{
    private const int MaxTools = 128;

    /// <summary>Tools as <c>/v1/chat/completions</c> has them: each function under "function".</summary>
    public static ToolUse Read(RequestFields request) => Choose(request, nested: true, (tool, described) =>
    {
        RequestFields function = described.Object("function") ?? throw described.Missing("function");
        NameOf(function);
        function.Object("parameters");
        return tool;
    });

    /// <summary>Tools as <c>/v1/responses</c> has them: each function lies flat; templates want it under "function".</summary>
    public static ToolUse ReadFlat(RequestFields request) => Choose(request, nested: false, (_, described) => JsonSerializer.SerializeToElement(new
    {
        type = "function",
        function = new
        {
            name = NameOf(described),
            description = described.Text("description") ?? "",
            parameters = described.Object("parameters") is null ? null : described.Any("parameters"),
        },
    }));

    private static string NameOf(RequestFields function) =>
        function.RequiredText("name") is { Length: > 0 } name ? name : throw function.Wrong("name", "a name, not empty");

    private static ToolUse Choose(RequestFields request, bool nested, Func<JsonElement, RequestFields, JsonElement> read)
    {
        List<(JsonElement Tool, string Path)> tools = [];
        foreach ((int i, JsonElement tool) in (request.Items("tools", MaxTools) ?? []).Index())
        {
            var described = new RequestFields(tool, $"tools[{i}]");
            if (described.RequiredText("type") != "function")
            {
                throw described.Wrong("type", "\"function\"");
            }

            tools.Add((read(tool, described), nested ? described.Name("function") : described.Name("")[..^1]));
        }

        request.Ignore("parallel_tool_calls");
        JsonElement[] all = [.. tools.Select(t => t.Tool)];
        return request.Any("tool_choice") switch
        {
            null => all.Length > 0 ? new ToolUse(all, true, null) : ToolUse.None,
            { ValueKind: JsonValueKind.Object } choice =>
                new ToolUse(all, true, SchemaOf([Named(new RequestFields(choice, "tool_choice"), tools, nested)])),
            { ValueKind: JsonValueKind.String } choice => choice.GetString() switch
            {
                "auto" => all.Length > 0 ? new ToolUse(all, true, null) : ToolUse.None,
                "none" => ToolUse.None,
                "required" when all.Length == 0 => throw OpenAiException.Invalid("tool_choice", "'tool_choice': \"required\" needs 'tools'", "invalid_value"),
                "required" => new ToolUse(all, true, SchemaOf(tools)),
                _ => throw request.Wrong("tool_choice", Expected),
            },
            _ => throw request.Wrong("tool_choice", Expected),
        };
    }

    /// <summary>The schema that the answer is held to.</summary>
    /// <exception cref="OpenAiException">A function's parameters are a schema that an answer cannot be held to.</exception>
    private static string SchemaOf(List<(JsonElement Tool, string Path)> tools)
    {
        foreach ((JsonElement tool, string path) in tools)
        {
            try
            {
                if (tool.GetProperty("function").TryGetProperty("parameters", out JsonElement parameters) && parameters.ValueKind != JsonValueKind.Null)
                {
                    TokenGrammars.CheckSchema(parameters);
                }
            }
            catch (InputException e)
            {
                throw OpenAiException.Invalid($"{path}.parameters", $"a call cannot be held to '{path}.parameters': {e.Message}", "invalid_schema");
            }
        }

        return CallSchema.Of(tools.Select(t => t.Tool));
    }

    private const string Expected = "\"auto\", \"none\", \"required\" or an object that names a function";

    private static (JsonElement Tool, string Path) Named(RequestFields choice, List<(JsonElement Tool, string Path)> tools, bool nested)
    {
        string type = choice.RequiredText("type");
        if (type != "function")
        {
            throw OpenAiException.Invalid("tool_choice.type", $"'tool_choice' of type '{type}' is not supported: name a function", "unsupported_value");
        }

        RequestFields function = nested ? choice.Object("function") ?? throw choice.Missing("function") : choice;
        string name = function.RequiredText("name");
        function.RequireAllRead();
        choice.RequireAllRead();
        int at = tools.FindIndex(t => t.Tool.GetProperty("function").GetProperty("name").ValueEquals(name));
        return at >= 0 ? tools[at] : throw OpenAiException.Invalid(function.Name("name"), $"'{function.Name("name")}': no tool is named '{name}'", "invalid_value");
    }
}
