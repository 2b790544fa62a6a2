using System.Text.Json;

namespace KVCluster.Silo.OpenAi;

/// <summary>Reads the tools a model may call.</summary>
internal static class ToolFields
{
    private const int MaxTools = 128;

    /// <summary>The tools, and whether they may be called.</summary>
    public static (IReadOnlyList<JsonElement> Tools, bool Use) Read(RequestFields request)
    {
        IReadOnlyList<JsonElement> tools = request.Items("tools", MaxTools) ?? [];
        for (int i = 0; i < tools.Count; i++)
        {
            var tool = new RequestFields(tools[i], $"tools[{i}]");
            if (tool.RequiredText("type") != "function")
            {
                throw tool.Wrong("type", "\"function\"");
            }

            (tool.Object("function") ?? throw tool.Missing("function")).RequiredText("name");
        }

        bool use = Choice(request, tools.Count > 0);
        request.Ignore("parallel_tool_calls");
        return (use ? tools : [], use);
    }

    /// <summary>What tool_choice says.</summary>
    public static bool Choice(RequestFields request, bool any)
    {
        if (request.Any("tool_choice") is not { } choice)
        {
            return any;
        }

        return choice.ValueKind == JsonValueKind.String
            ? choice.GetString() switch
            {
                "auto" => any,
                "none" => false,
                "required" => throw OpenAiException.Invalid("tool_choice", "'tool_choice': \"required\" is not supported: the model decides", "unsupported_value"),
                _ => throw request.Wrong("tool_choice", "\"auto\" or \"none\""),
            }
            : throw OpenAiException.Invalid("tool_choice", "'tool_choice': naming a function is not supported: the model decides", "unsupported_value");
    }
}
