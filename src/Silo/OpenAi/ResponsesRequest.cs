using System.Text.Json;
using KVCluster.Inference.Tokenization;

namespace KVCluster.Silo.OpenAi;

/// <summary>Reads a body of <c>/v1/responses</c>.</summary>
internal static class ResponsesRequest
{
    private const int MaxItems = 10_000;

    public static CompletionJob Read(JsonElement body)
    {
        var fields = new RequestFields(body);
        int? maxTokens = fields.Count("max_output_tokens", 1, int.MaxValue);
        RequestFields? text = fields.Object("text");
        (AnswerFormat format, JsonElement? schema) = FormatFields.Read(text?.Object("format"), flat: true);
        text?.Ignore("verbosity");
        text?.RequireAllRead();
        ToolUse tools = ToolFields.ReadFlat(fields);
        string? previous = fields.Text("previous_response_id");
        CompletionJob job = new()
        {
            Model = fields.RequiredText("model"),
            Messages = Messages(fields),
            Sampling = SamplingFields.Read(fields, maxTokens, null),
            MaxTokens = maxTokens,
            Stream = fields.Flag("stream") ?? false,
            Format = format,
            Schema = schema,
            Tools = tools.Tools,
            UseTools = tools.MayCall,
            CallSchema = tools.CallSchema,
            PreviousResponse = previous,
        };
        fields.Refuse("background", "answers are made while the client waits", b => b.ValueKind == JsonValueKind.False);
        fields.Refuse("conversation", "use 'previous_response_id'");
        fields.Refuse("prompt", "send the input itself");
        fields.Refuse("truncation", "history is compressed, not cut", t => t.ValueKind == JsonValueKind.String && t.ValueEquals("disabled"));
        fields.Ignore(
            "user", "store", "metadata", "service_tier", "include", "reasoning", "safety_identifier", "prompt_cache_key", "prompt_cache_retention",
            "stream_options", "top_logprobs", "max_tool_calls");
        fields.RequireAllRead();
        return job;
    }

    private static IReadOnlyList<ChatMessage> Messages(RequestFields fields)
    {
        List<ChatMessage> messages = [];
        if (fields.Text("instructions") is { } instructions)
        {
            messages.Add(new ChatMessage("system", instructions));
        }

        JsonElement input = fields.Any("input") ?? throw fields.Missing("input");
        if (input.ValueKind == JsonValueKind.String)
        {
            messages.Add(new ChatMessage("user", input.GetString()!));
            return messages;
        }

        IReadOnlyList<JsonElement> items = fields.Items("input", MaxItems)!;
        messages.AddRange(items.Select((item, i) => Item(new RequestFields(item, $"input[{i}]"))));
        return items.Count > 0 ? messages : throw fields.Wrong("input", "a text or an array of at least one item");
    }

    private static ChatMessage Item(RequestFields item)
    {
        string type = item.Text("type") ?? "message";
        item.Ignore("id", "status");
        switch (type)
        {
            case "message":
                return MessageFields.ReadOne(item);

            case "function_call_output":
                var output = new ChatMessage("tool", item.RequiredText("output"))
                {
                    Fields = new Dictionary<string, JsonElement>
                    {
                        ["tool_call_id"] = JsonSerializer.SerializeToElement(item.RequiredText("call_id")),
                    },
                };
                item.RequireAllRead();
                return output;

            case "function_call":
                return Call(item);

            default:
                throw OpenAiException.Invalid(item.Name("type"), $"an item of type '{type}' is not supported", "unsupported_value");
        }
    }

    private static ChatMessage Call(RequestFields item)
    {
        string id = item.RequiredText("call_id");
        string name = item.RequiredText("name");
        string arguments = item.RequiredText("arguments");
        item.RequireAllRead();
        JsonElement calls = JsonSerializer.SerializeToElement(
            new[] { new { id, type = "function", function = new { name, arguments = ToolCalls.Arguments(arguments, item.Name("arguments")) } } });
        return new ChatMessage("assistant", "")
        {
            Fields = new Dictionary<string, JsonElement> { ["tool_calls"] = calls },
        };
    }
}
