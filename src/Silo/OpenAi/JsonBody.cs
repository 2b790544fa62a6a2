using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;

namespace KVCluster.Silo.OpenAi;

/// <summary>Reads the JSON bodies of requests. What it returns holds nothing that is no text: no broken UTF-8, no half of a surrogate pair.</summary>
internal static class JsonBody
{
    private const int MaxDepth = 64;

    /// <summary>The body's root.</summary>
    /// <exception cref="OpenAiException">It is not JSON, or not text.</exception>
    public static async Task<JsonElement> ReadAsync(HttpRequest request, CancellationToken cancellationToken) =>
        Parse(await BytesAsync(request, cancellationToken));

    /// <summary>The body as it came; memory grows with what has come and not with what was announced.</summary>
    public static async Task<ReadOnlyMemory<byte>> BytesAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var body = new MemoryStream();
        try
        {
            await request.Body.CopyToAsync(body, cancellationToken);
        }
        catch (IOException e) when (e is not BadHttpRequestException)
        {
            // Kestrel's for some malformed chunks; what it calls a bad request has a status of its own.
            throw OpenAiException.Invalid(null, $"the request body cannot be read: {e.Message}");
        }

        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    /// <exception cref="OpenAiException">It is not JSON, or not text.</exception>
    public static JsonElement Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            RequireText(body.Span);
            using JsonDocument document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MaxDepth });
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw OpenAiException.Invalid(null, $"the request body is not valid JSON: {e.Message}");
        }
    }

    private static void RequireText(ReadOnlySpan<byte> body)
    {
        if (!Utf8.IsValid(body))
        {
            throw OpenAiException.Invalid(null, "the request body is not UTF-8 text");
        }

        // JSON's grammar allows an escaped half of a pair. Few bodies have escapes that could be one.
        if (body.IndexOf("\\ud"u8) < 0 && body.IndexOf("\\uD"u8) < 0)
        {
            return;
        }

        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            while (reader.Read())
            {
                if (reader.ValueIsEscaped)
                {
                    _ = reader.GetString();
                }
            }
        }
        catch (InvalidOperationException)
        {
            throw OpenAiException.Invalid(null, "the request body holds an escaped half of a surrogate pair, which is no text");
        }
    }
}
