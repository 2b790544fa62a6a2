using System.Text.Json;
using KVCluster.Inference.Tokenization;

namespace KVCluster.Silo.OpenAi;

/// <summary>Reads the messages of a chat.</summary>
internal static class MessageFields
{
    private const int MaxMessages = 10_000;
    private static readonly string[] Roles = ["system", "developer", "user", "assistant", "tool"];

    public static IReadOnlyList<ChatMessage> Read(RequestFields request)
    {
        IReadOnlyList<JsonElement> items = request.Items("messages", MaxMessages) ?? throw request.Missing("messages");
        return items.Count > 0
            ? [.. items.Select((item, i) => ReadOne(new RequestFields(item, $"messages[{i}]")))]
            : throw request.Wrong("messages", "an array of at least one message");
    }

    /// <summary>One message, of a chat or of a response's input.</summary>
    public static ChatMessage ReadOne(RequestFields message)
    {
        string role = message.RequiredText("role");
        if (!Roles.Contains(role, StringComparer.Ordinal))
        {
            throw message.Wrong("role", "one of " + string.Join(", ", Roles));
        }

        JsonElement? calls = message.Any("tool_calls");
        string? content = Content(message);
        if (content is null && (role != "assistant" || calls is null))
        {
            throw message.Missing("content");
        }

        var extra = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        Keep(extra, "name", TextOf(message, "name"));
        Keep(extra, "tool_call_id", TextOf(message, "tool_call_id"));
        Keep(extra, "tool_calls", calls is { } given ? ToolCalls.ForTemplate(given, message.Name("tool_calls")) : null);
        message.Refuse("audio", "this server reads text only");
        message.Ignore("refusal", "annotations");
        message.RequireAllRead();

        // OpenAI's newer name for the system's voice; templates know the older one.
        return new ChatMessage(role == "developer" ? "system" : role, content ?? "") { Fields = extra.Count > 0 ? extra : null };
    }

    private static JsonElement? TextOf(RequestFields message, string field) => message.Text(field) is null ? null : message.Any(field);

    private static void Keep(Dictionary<string, JsonElement> fields, string name, JsonElement? value)
    {
        if (value is { } given)
        {
            fields[name] = given;
        }
    }

    private static string? Content(RequestFields message)
    {
        if (message.Any("content") is not { } content)
        {
            return null;
        }

        return content.ValueKind switch
        {
            JsonValueKind.String => content.GetString(),
            JsonValueKind.Array => string.Concat(content.EnumerateArray().Select((part, i) => Part(part, $"{message.Name("content")}[{i}]"))),
            _ => throw message.Wrong("content", "a string or an array of text parts"),
        };
    }

    private static string Part(JsonElement value, string path)
    {
        var part = new RequestFields(value, path);
        string type = part.RequiredText("type");
        if (type is not ("text" or "input_text" or "output_text"))
        {
            throw OpenAiException.Invalid(part.Name("type"), $"content of type '{type}' is not supported: this server reads text only", "unsupported_value");
        }

        string text = part.RequiredText("text");
        part.Ignore("annotations", "logprobs");
        part.RequireAllRead();
        return text;
    }
}
