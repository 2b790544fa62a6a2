using System.Text.Json;
using KVCluster.Grains;
using KVCluster.Silo.OpenAi;
using Microsoft.AspNetCore.Http;

namespace KVCluster.Silo.Gateway;

/// <summary>Reads bodies of the sessions API.</summary>
internal static class SessionRequests
{
    /// <summary>The body's fields; an absent body has none.</summary>
    public static async Task<RequestFields> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength is 0 or null && request.ContentType is null)
        {
            return new RequestFields(JsonSerializer.SerializeToElement(new { }));
        }

        return new RequestFields(await JsonBody.ReadAsync(request, cancellationToken));
    }

    /// <summary>A session to create: its id, or null for one of the server's, and its options.</summary>
    public static (string? Id, SessionOptions Options) Create(RequestFields fields, Caller caller)
    {
        string? id = fields.Text("id");
        RequireOwnId(id);
        var options = new SessionOptions
        {
            System = fields.Text("system"),
            Document = fields.Text("document"),
            Priority = fields.Count("priority", -100, caller.MaxPriority) ?? caller.Priority,
            TokenBudget = fields.Count("token_budget", 1, int.MaxValue),
            Sampling = fields.Object("sampling") is { } sampling ? Sampling(sampling) : new SamplingSettings(),
        };
        fields.RequireAllRead();
        return (id, options);
    }

    /// <summary>Ids of sessions that the server makes for clients without one are not the client's to take: unused, they are closed.</summary>
    /// <exception cref="OpenAiException">It is such an id.</exception>
    public static void RequireOwnId(string? id, string field = "id")
    {
        if (AutoSessions.IsAuto(id))
        {
            throw OpenAiException.Invalid(field, $"ids that begin with '{AutoSessions.Prefix}' are the server's own", "invalid_value");
        }
    }

    public static GenerateRequest Generate(RequestFields fields, string? idempotencyKey, out bool stream)
    {
        stream = fields.Flag("stream") ?? false;
        Prompt? prompt = PromptOf(fields);
        SamplingSettings? sampling = fields.Object("sampling") is { } given ? Sampling(given) : null;
        fields.RequireAllRead();
        return new GenerateRequest { Prompt = prompt, Sampling = sampling, IdempotencyKey = idempotencyKey };
    }

    public static AppendRequest Append(RequestFields fields, string? idempotencyKey)
    {
        Prompt prompt = PromptOf(fields) ?? throw OpenAiException.Invalid(null, "one of 'message', 'text' and 'tokens' is required");
        fields.RequireAllRead();
        return new AppendRequest { Prompt = prompt, IdempotencyKey = idempotencyKey };
    }

    private static Prompt? PromptOf(RequestFields fields)
    {
        string? message = fields.Text("message");
        string? text = fields.Text("text");
        int[]? tokens = fields.Items("tokens", 1 << 22) is { } items
            ? [.. items.Select(i => i.ValueKind == JsonValueKind.Number && i.TryGetInt32(out int id) ? id : throw fields.Wrong("tokens", "an array of token ids"))]
            : null;
        return message is null && text is null && tokens is null ? null : new Prompt { Message = message, Text = text, Tokens = tokens };
    }

    private static SamplingSettings Sampling(RequestFields fields)
    {
        var settings = new SamplingSettings
        {
            Temperature = fields.Number("temperature", 0, 100),
            TopK = fields.Count("top_k", 0, int.MaxValue),
            TopP = fields.Number("top_p", 0, 1),
            MinP = fields.Number("min_p", 0, 1),
            RepetitionPenalty = fields.Number("repetition_penalty", 0, 100),
            PresencePenalty = fields.Number("presence_penalty", -2, 2),
            FrequencyPenalty = fields.Number("frequency_penalty", -2, 2),
            Seed = fields.Seed("seed"),
            MaxTokens = fields.Count("max_tokens", 1, int.MaxValue),
            StopStrings = fields.Items("stop", 16) is { } stops
                ? [.. stops.Select(s => s.ValueKind == JsonValueKind.String ? s.GetString()! : throw fields.Wrong("stop", "an array of strings"))]
                : null,
        };
        fields.RequireAllRead();
        return settings;
    }
}
