using System.Diagnostics;
using System.Text.Json;
using KVCluster.Grains;

namespace KVCluster.Benchmarks.Http;

/// <summary>Listing many sessions over HTTP, in the largest pages there are, and one page out of the middle.</summary>
internal static class SessionListing
{
    private const int Sessions = 10_000;
    private const int Rounds = 10;

    public static async Task RunAsync(string model)
    {
        await using StubServer server = await StubServer.StartAsync(model);
        await Parallel.ForAsync(0, Sessions, async (i, cancellationToken) =>
            await server.Grains.GetGrain<ISessionGrain>($"default/s{i:00000}").Create(new SessionOptions(), cancellationToken));
        using var http = new HttpClient { BaseAddress = server.Address };
        double all = double.MaxValue;
        double page = double.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            int listed = 0;
            for (string? after = ""; after is not null;)
            {
                (int count, after) = await PageAsync(http, after, 1000);
                listed += count;
            }

            all = Math.Min(all, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            start = Stopwatch.GetTimestamp();
            await PageAsync(http, "s05000", 100);
            page = Math.Min(page, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            if (listed != Sessions)
            {
                throw new InvalidOperationException($"{listed} sessions were listed");
            }
        }

        Console.WriteLine($"listing {Sessions} sessions, 1000 a page: {all:0.0} ms; one page of 100: {page:0.0} ms (best of {Rounds})");
    }

    private static async Task<(int Count, string? Next)> PageAsync(HttpClient http, string after, int limit)
    {
        byte[] body = await http.GetByteArrayAsync($"/v1/sessions?limit={limit}" + (after.Length > 0 ? $"&after={after}" : ""));
        using JsonDocument page = JsonDocument.Parse(body);
        return (page.RootElement.GetProperty("data").GetArrayLength(), page.RootElement.TryGetProperty("next", out JsonElement next) ? next.GetString() : null);
    }
}
