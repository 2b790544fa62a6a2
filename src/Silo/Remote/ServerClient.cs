using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using KVCluster.Inference;
using KVCluster.Silo.Gateway;
using KVCluster.Silo.OpenAi;

namespace KVCluster.Silo.Remote;

/// <summary>Talks to a running server's sessions API for the command line. What the server refuses is an <see cref="InputException"/> in its words.</summary>
internal sealed class ServerClient : IDisposable
{
    private readonly HttpClient _http;

    /// <param name="server">The server's address.</param>
    /// <param name="key">An API key, or null where the server wants none.</param>
    public ServerClient(Uri server, string? key)
    {
        _http = new HttpClient { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        if (key is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }
    }

    public async Task<T> SendAsync<T>(HttpMethod method, string path, string? body, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await SendAsync(method, path, body, cancellationToken);
        return await response.Content.ReadFromJsonAsync(type, cancellationToken) ?? throw new InputException("the server answered with nothing");
    }

    /// <summary>Sends and returns where the server accepted.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw new InputException($"no server answers at {_http.BaseAddress}: {e.Message}; start one with 'kvcluster serve'");
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw new InputException(await ReasonAsync(response, cancellationToken));
        }
    }

    /// <summary>Says something and yields the answer as it is made; the last item has the turn's result.</summary>
    public async IAsyncEnumerable<(PieceBody? Piece, TurnBody? Turn)> SayAsync(
        string session, string body, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await SendAsync(HttpMethod.Post, $"/v1/sessions/{session}/messages", body, cancellationToken);
        using Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (SseItem<string> item in SseParser.Create(stream).EnumerateAsync(cancellationToken))
        {
            switch (item.EventType)
            {
                case "piece":
                    yield return (JsonSerializer.Deserialize(item.Data, SessionJson.Web.PieceBody), null);
                    break;

                case "turn":
                    yield return (null, JsonSerializer.Deserialize(item.Data, SessionJson.Web.TurnBody));
                    break;

                default:
                    throw new InputException(Message(item.Data) ?? $"the server ended the answer: {item.Data}");
            }
        }
    }

    public void Dispose() => _http.Dispose();

    private static async Task<string> ReasonAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        string body = await response.Content.ReadAsStringAsync(cancellationToken);
        string retry = response.Headers.RetryAfter?.Delta is { } wait ? $" (try again in {wait.TotalSeconds:0} s)" : "";
        return (Message(body) ?? $"the server answered {(int)response.StatusCode} {response.ReasonPhrase}") + retry;
    }

    private static string? Message(string body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, OpenAiJson.Web.ErrorBody)?.Error?.Message;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
