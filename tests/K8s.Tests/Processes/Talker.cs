using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace KVCluster.K8s.Tests.Processes;

/// <summary>
/// A client that speaks with one session, and does what clients are told to do: every turn has an idempotency key, and what failed is sent again, to
/// whichever server answers.
/// </summary>
internal sealed class Talker(string id, Func<Uri[]> servers, Action<int> ended)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(1) };
    private int _next;

    /// <summary>Requests that had to be sent again, with why.</summary>
    public List<string> Again { get; } = [];

    /// <summary>Of each turn the history tokens that were not computed anew.</summary>
    public List<int> Cached { get; } = [];

    /// <summary>Longest time from a turn's request to its answer.</summary>
    public TimeSpan Longest { get; private set; }

    /// <summary>All of the conversation's tokens at its end.</summary>
    public async Task<int[]> SpeakAsync(int turns)
    {
        await SendAsync(HttpMethod.Post, "/v1/sessions", $$"""{"id":"{{id}}"}""", null);
        for (int turn = 0; turn < turns; turn++)
        {
            long since = Stopwatch.GetTimestamp();
            string say = $$$"""{"text":"{{{id}}} speaks of the sea, the wind and the code {{{(turn + 1) * 7919}}}. ","sampling":{"max_tokens":24,"temperature":0}}""";
            JsonElement result = await SendAsync(HttpMethod.Post, $"/v1/sessions/{id}/messages", say, $"{id}-{turn}");
            Cached.Add(result.GetProperty("cached_tokens").GetInt32());
            TimeSpan took = Stopwatch.GetElapsedTime(since);
            Longest = took > Longest ? took : Longest;
            ended(turn);
        }

        JsonElement history = await SendAsync(HttpMethod.Get, $"/v1/sessions/{id}/history", null, null);
        return [.. history.GetProperty("tokens").EnumerateArray().Select(token => token.GetInt32())];
    }

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, string? body, string? key)
    {
        long since = Stopwatch.GetTimestamp();
        while (true)
        {
            Uri[] known = servers();
            Uri server = known[_next % known.Length];
            string fault;
            try
            {
                using var request = new HttpRequestMessage(method, new Uri(server, path));
                request.Content = body is null ? null : new StringContent(body);
                if (key is not null)
                {
                    request.Headers.Add("Idempotency-Key", key);
                }

                using HttpResponseMessage answer = await _http.SendAsync(request);
                if (answer.IsSuccessStatusCode)
                {
                    return await answer.Content.ReadFromJsonAsync<JsonElement>();
                }

                fault = $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}";
                bool again = answer.StatusCode is HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests or HttpStatusCode.Conflict;
                Assert.True(again, $"{id}: {path} at {server}: {fault}");
            }
            catch (HttpRequestException e)
            {
                fault = e.Message;
            }

            Again.Add($"{path} at {server}: {fault}");
            Assert.True(Stopwatch.GetElapsedTime(since) < Patience, $"{id}: {path} is not answered: {fault}");
            _next++;
            await Task.Delay(Pause);
        }
    }
}
