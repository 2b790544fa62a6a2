using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace KVCluster.Client;

/// <summary>Functions that a request lets the model call.</summary>
/// <param name="Declared">As <see cref="SessionOptions.Tools"/> has them; null: none.</param>
/// <param name="MayCall">Whether calls are looked for in the answer.</param>
/// <param name="CallSchema">The JSON Schema of the call that the answer must be; null: the model decides.</param>
internal sealed record ChatTools(string? Declared, bool MayCall, string? CallSchema)
{
    private static readonly JsonSerializerOptions Compact = new(AIJsonUtilities.DefaultOptions) { WriteIndented = false };

    /// <exception cref="NotSupportedException">A tool is no function.</exception>
    /// <exception cref="ArgumentException">A call is required, and there is no function of that name.</exception>
    public static ChatTools Of(ChatOptions? options)
    {
        JsonElement[] tools = [.. (options?.Tools ?? []).Select(Declaration)];
        string? declared = tools.Length > 0 ? JsonSerializer.Serialize(tools) : null;
        return options?.ToolMode switch
        {
            NoneChatToolMode => new ChatTools(declared, false, null),
            RequiredChatToolMode required => new ChatTools(declared, true, Grains.CallSchema.Of(Required(tools, required.RequiredFunctionName))),
            _ => new ChatTools(declared, tools.Length > 0, null),
        };
    }

    /// <summary>A call found in an answer.</summary>
    /// <param name="call">As it was parsed.</param>
    /// <param name="id">Its id, for the result that comes back.</param>
    public static FunctionCallContent Content(ParsedCall call, string id) => FunctionCallContent.CreateFromParsedArguments(
        call.Arguments, id, call.Name, json => JsonSerializer.Deserialize<Dictionary<string, object?>>(json));

    /// <summary>What a function returned, as the model reads it: text as it is, all else as JSON.</summary>
    public static string TextOf(FunctionResultContent result) => result.Result switch
    {
        null => result.Exception?.Message ?? "",
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } text => text.GetString()!,
        { } value => JsonSerializer.Serialize(value, Compact),
    };

    private static JsonElement Declaration(AITool tool)
    {
        if (tool is not AIFunctionDeclaration function)
        {
            throw new NotSupportedException($"tool '{tool.Name}' is a {tool.GetType().Name}: models here call functions only");
        }

        return JsonSerializer.SerializeToElement(new JsonObject
        {
            ["type"] = "function",
            ["function"] = new JsonObject
            {
                ["name"] = function.Name,
                ["description"] = function.Description,
                ["parameters"] = JsonNode.Parse(function.JsonSchema.GetRawText()),
            },
        });
    }

    private static JsonElement[] Required(JsonElement[] tools, string? name)
    {
        JsonElement[] callable = name is null ? tools : Array.FindAll(tools, t => t.GetProperty("function").GetProperty("name").ValueEquals(name));
        return callable.Length > 0
            ? callable
            : throw new ArgumentException(name is null ? "a call is required, and there are no tools" : $"a call of '{name}' is required, and no tool has that name");
    }
}
