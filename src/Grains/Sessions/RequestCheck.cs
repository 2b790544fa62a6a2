using System.Text.Json;

namespace KVCluster.Grains;

/// <summary>What is wrong with a request, said before anything runs.</summary>
internal static class RequestCheck
{
    private const int MaxKeyLength = 128;
    private const int MaxPriority = 100;
    private const int MaxTools = 128;

    public static void Options(SessionOptions? options)
    {
        Require(options is not null, "the session's options are missing");
        Require(options!.Sampling is not null, "the session's sampling settings are missing");
        Require(
            Math.Abs((long)options.Priority) <= MaxPriority,
            $"priority {options.Priority} is not from -{MaxPriority} to {MaxPriority}");
        Require(options.TokenBudget is null or >= 1, $"token budget {options.TokenBudget} is not 1 or more");
        Require(options.Tools is null || AreTools(options.Tools), $"the tools are no JSON array of 1 to {MaxTools} functions with a name");
    }

    public static void Append(AppendRequest? request)
    {
        Require(request?.Prompt is not null, "there is nothing to append");
        Key(request!.IdempotencyKey);
        PromptOf(request.Prompt);
        Require(request.Prompt.Messages is null, "messages are for a turn with an answer: append text, tokens or a message");
        Require(request.Prompt.Tokens is not [] || request.Prompt.IsWhole, "there is nothing to append: the prompt has no tokens");
    }

    public static void Generate(GenerateRequest? request)
    {
        Require(request is not null, "the request is missing");
        Key(request!.IdempotencyKey);
        Require(request.MaxWait is null || request.MaxWait > TimeSpan.Zero, $"the longest wait {request.MaxWait} is not positive");
        if (request.Prompt is not null)
        {
            PromptOf(request.Prompt);
        }
    }

    private static void PromptOf(Prompt prompt)
    {
        int given = (prompt.Message is null ? 0 : 1) + (prompt.Text is null ? 0 : 1) + (prompt.Tokens is null ? 0 : 1) + (prompt.Messages is null ? 0 : 1);
        Require(given == 1, "a prompt is one of: a message, a text, token ids, messages");
        Require(!prompt.IsWhole || prompt.Tokens is not null, "only token ids can be a whole conversation");
        Require(prompt.Text is not "", "the prompt's text is empty");
        Require(prompt.Messages is null || Array.TrueForAll(prompt.Messages, IsMessage), $"a message has a text and the role '{PromptMessage.User}' or '{PromptMessage.Tool}'");
        Require(prompt.Messages is not [], "the prompt has no messages");
    }

    private static bool IsMessage(PromptMessage? message) => message is { Role: PromptMessage.User or PromptMessage.Tool, Content: not null };

    private static bool AreTools(string json)
    {
        try
        {
            using var tools = JsonDocument.Parse(json);
            return tools.RootElement is { ValueKind: JsonValueKind.Array } array && array.GetArrayLength() is > 0 and <= MaxTools
                && array.EnumerateArray().All(IsTool);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool IsTool(JsonElement tool) => tool.ValueKind == JsonValueKind.Object
        && tool.TryGetProperty("function", out JsonElement function) && function.ValueKind == JsonValueKind.Object
        && function.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String;

    public static void Key(string? key) => Require(
        key is null || (key.Length is > 0 and <= MaxKeyLength && key.All(c => c is > ' ' and <= '~')),
        $"an idempotency key has 1 to {MaxKeyLength} printable ASCII characters without spaces");

    private static void Require(bool valid, string message)
    {
        if (!valid)
        {
            throw new InvalidRequestException(message);
        }
    }
}
