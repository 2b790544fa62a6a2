using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace KVCluster.Silo.OpenAi;

/// <summary>Writes one response as server-sent events, each flushed at once.</summary>
internal sealed class ServerSentEvents(HttpResponse response)
{
    private static readonly byte[] Data = "data: "u8.ToArray();
    private static readonly byte[] End = "\n\n"u8.ToArray();

    /// <summary>Sends the headers.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-cache";
        response.Headers["X-Accel-Buffering"] = "no";
        return response.Body.FlushAsync(cancellationToken);
    }

    public async Task SendAsync<T>(T body, JsonTypeInfo<T> type, CancellationToken cancellationToken, string? name = null)
    {
        if (name is not null)
        {
            await response.BodyWriter.WriteAsync(System.Text.Encoding.UTF8.GetBytes($"event: {name}\n"), cancellationToken);
        }

        response.BodyWriter.Write(Data);
        await using (var json = new Utf8JsonWriter(response.BodyWriter, new JsonWriterOptions { Encoder = type.Options.Encoder, SkipValidation = true }))
        {
            JsonSerializer.Serialize(json, body, type);
        }

        response.BodyWriter.Write(End);
        await response.BodyWriter.FlushAsync(cancellationToken);
    }

    public async Task DoneAsync(CancellationToken cancellationToken)
    {
        response.BodyWriter.Write("data: [DONE]\n\n"u8);
        await response.BodyWriter.FlushAsync(cancellationToken);
    }
}
