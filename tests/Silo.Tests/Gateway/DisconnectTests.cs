using System.Net;
using System.Text.Json;
using KVCluster.Inference.Kv;

namespace KVCluster.Silo.Tests.Gateway;

public class DisconnectTests(TestServer server) : IClassFixture<TestServer>
{
    private const int Clients = 200;

    [Fact]
    public async Task Two_hundred_clients_that_come_and_go_leave_the_ledger_exact()
    {
        int answered = 0;
        int left = 0;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async i =>
        {
            var random = new Random(i);
            using var leave = new CancellationTokenSource();
            if (i % 2 == 0)
            {
                leave.CancelAfter(TimeSpan.FromMilliseconds(random.Next(1500)));
            }

            try
            {
                (string path, string body) = Request(i, random);
                using HttpResponseMessage response = await server.Http.PostAsync(path, ServerRequests.Body(body), leave.Token);
                string text = await response.Content.ReadAsStringAsync(leave.Token);
                Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.TooManyRequests, $"{response.StatusCode}: {text}");
                Interlocked.Increment(ref answered);
            }
            catch (Exception error) when (error is OperationCanceledException or HttpRequestException && leave.IsCancellationRequested)
            {
                Interlocked.Increment(ref left);
            }
        }));
        Assert.Equal(Clients, answered + left);
        Assert.True(answered >= Clients / 2, $"{answered} answered");

        await server.RequireQuietAsync();
        await CloseAllAsync();
        KvPool pool = server.Host.Nodes[0].Model.Backend.Pool;
        LedgerSnapshot ledger = pool.Ledger.Snapshot();
        Assert.Equal((ledger.TotalPages, 0, 0, 0), (ledger.FreePages, ledger.EvictablePages, ledger.PinnedPages, ledger.ReservedPages));
        pool.CheckIntegrity();
    }

    private static (string Path, string Body) Request(int i, Random random)
    {
        string stream = random.Next(2) == 0 ? "true" : "false";
        string text = string.Concat(Enumerable.Repeat($"Line of client {i % 20}. ", random.Next(1, 25)));
        int most = random.Next(1, 16);
        return (i % 5) switch
        {
            0 => ("/v1/responses", $$"""{"model":"needle","input":"{{text}}","max_output_tokens":{{most}},"stream":{{stream}}}"""),
            1 => ("/v1/completions", $$"""{"model":"needle","prompt":"{{text}}","max_tokens":{{most}},"stream":{{stream}}}"""),
            2 => ("/v1/chat/completions", $$$"""{"model":"needle","messages":[{"role":"user","content":"{{{text}}}"}],"max_tokens":{{{most}}},"n":2,"stream":{{{stream}}}}"""),
            _ => ("/v1/chat/completions", $$$"""{"model":"needle","messages":[{"role":"user","content":"{{{text}}}"}],"max_tokens":{{{most}}},"stream":{{{stream}}}}"""),
        };
    }

    private async Task CloseAllAsync()
    {
        JsonElement list = await (await server.Http.GetAsync("/v1/sessions?limit=1000")).JsonAsync();
        foreach (JsonElement session in list.GetProperty("data").EnumerateArray())
        {
            Assert.Equal(HttpStatusCode.NoContent, (await server.Http.DeleteAsync($"/v1/sessions/{session.GetProperty("id").GetString()}")).StatusCode);
        }
    }
}
