#if ORLEANS
using KVCluster.Client;
using KVCluster.Grains;
using KVCluster.TestSupport.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KVCluster.K8s.Tests.Processes;

/// <summary>The .NET client over Orleans' own, outside of the servers, against two server processes.</summary>
public sealed class ClientTests
{
    private const int LongAnswer = 200;

    private static readonly SamplingSettings Short = new() { MaxTokens = 16, Temperature = 0 };

    /// <summary>It does not end by itself.</summary>
    private static readonly SamplingSettings Long = new() { MaxTokens = LongAnswer, Temperature = 1, LogitBias = [new TokenBias(2, -100)] };

    [RedisFact]
    public async Task A_conversation_is_created_heard_repeated_and_closed()
    {
        await using Servers servers = await Servers.StartAsync();
        SessionClient session = await servers.Client.CreateSessionAsync(id: "s");
        List<TokenChunk> chunks = [];
        await foreach (TokenChunk chunk in session.SayAsync("The gate code for amber-falcon is 48213. What is it?", Long, "first"))
        {
            chunks.Add(chunk);
        }

        TurnResult first = chunks[^1].Result!;
        Assert.Equal((first.Text, LongAnswer, LongAnswer + 1), (string.Concat(chunks.Select(chunk => chunk.Text)), first.AnswerTokens, chunks.Count));
        TurnResult again = await session.AskAsync("The gate code for amber-falcon is 48213. What is it?", Long, "first");
        Assert.Equal((true, first.Text), (again.IsRepeated, again.Text));
        await Assert.ThrowsAsync<IdempotencyConflictException>(() => session.AskAsync("Something else", Long, "first"));

        await session.AppendAsync("The badge id for rapid-shrew is 0c46-d1fb.");
        SessionClient fork = await session.ForkAsync("f");
        Assert.Equal((await session.ReadHistoryAsync()).Tokens, (await fork.ReadHistoryAsync()).Tokens);
        Assert.Equal(2, await servers.Client.CountSessionsAsync());
        Assert.Equal(["worker-0", "worker-1"], (await servers.Client.ListNodesAsync()).Select(node => node.Node).Order(StringComparer.Ordinal));
        await session.CloseAsync();
        await Assert.ThrowsAsync<SessionClosedException>(() => session.AskAsync("Are you there?", Short));
        await Assert.ThrowsAsync<SessionNotFoundException>(() => servers.Client.GetSession("none").AskAsync("Are you there?", Short));
        await Assert.ThrowsAsync<InvalidRequestException>(() => fork.AskAsync("x", Short with { Temperature = -1 }));
    }

    [RedisFact]
    public async Task An_answer_is_stopped_or_left_in_its_middle_and_the_session_goes_on()
    {
        await using Servers servers = await Servers.StartAsync();
        SessionClient session = await servers.Client.CreateSessionAsync();
        TurnResult? stopped = null;
        int heard = 0;
        await foreach (TokenChunk chunk in session.SayAsync("The wind came from the school at noon.", Long with { MaxTokens = 2000 }))
        {
            stopped = chunk.Result;
            if (++heard == 3)
            {
                Assert.True(await session.CancelAsync());
            }
        }

        Assert.Equal(TurnFinish.Cancelled, stopped!.Finish);
        Assert.InRange(stopped.AnswerTokens, 3, 1999);
        int[] before = (await session.ReadHistoryAsync()).Tokens;
        Assert.Equal(stopped.TotalTokens, before.Length);
        await foreach (TokenChunk _ in session.SayAsync("And then?", Long))
        {
            break;
        }

        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (TokenChunk _ in session.SayAsync("And then?", Long, cancellationToken: cancel.Token))
            {
                await cancel.CancelAsync();
            }
        });
        Assert.Equal(before, (await session.ReadHistoryAsync()).Tokens);
        Assert.Equal(before.Length, (await session.AskAsync("And then?", Short)).HistoryTokens);
    }

    [RedisFact]
    public async Task A_worker_that_is_killed_in_mid_answer_costs_the_reader_nothing()
    {
        await using Servers servers = await Servers.StartAsync();
        const string Say = "The wind came from the school at noon. What came?";
        SamplingSettings sampling = Long with { MaxTokens = 1000 };
        SessionClient calm = await servers.Client.CreateSessionAsync();
        string expected = (await calm.AskAsync(Say, sampling, "key")).Text;
        SessionClient session = await servers.Client.CreateSessionAsync();
        string node = (await session.DescribeAsync()).Node;
        string text = "";
        TurnResult? result = null;
        bool isKilled = false;
        await foreach (TokenChunk chunk in session.SayAsync(Say, sampling, "key"))
        {
            text += chunk.Text;
            result = chunk.Result;
            if (!isKilled)
            {
                isKilled = true;
                servers.Worker(node).Kill();
            }
        }

        Assert.Equal((expected, expected), (text, result!.Text));
        SessionInfo after = await session.DescribeAsync();
        Assert.NotEqual(node, after.Node);
        Assert.Equal(1, after.Turns);
    }

    [RedisFact]
    public async Task A_worker_that_leaves_in_mid_answer_hands_the_turn_over_and_its_reader_sees_nothing_of_it()
    {
        await using Servers servers = await Servers.StartAsync("Listen:ShutdownSeconds=0");
        const string Say = "The wind came from the school at noon. What came?";
        SamplingSettings sampling = Long with { MaxTokens = 3000 };
        SessionClient calm = await servers.Client.CreateSessionAsync();
        string expected = (await calm.AskAsync(Say, sampling, "key")).Text;
        SessionClient session = await servers.Client.CreateSessionAsync();
        ServeProcess worker = servers.Worker((await session.DescribeAsync()).Node);
        string text = "";
        TurnResult? result = null;
        await foreach (TokenChunk chunk in session.SayAsync(Say, sampling, "key"))
        {
            if (text.Length == 0)
            {
                worker.Signal(ServeProcess.Terminate);
            }

            text += chunk.Text;
            result = chunk.Result;
        }

        Assert.Equal((expected, expected), (text, result!.Text));
        Assert.NotEqual(worker.Name, (await session.DescribeAsync()).Node);
        Assert.Equal(0, await worker.EndedAsync());
        Assert.Equal((1, 0), (worker.Drained(@"handed over \((\d+)\)"), worker.Drained(@"broken off \((\d+)\)")));
    }

    /// <summary>Two workers and a client's host.</summary>
    private sealed class Servers(RedisPair redis, ServeProcess[] workers, IHost host) : IAsyncDisposable
    {
        public KVClusterClient Client { get; } = host.Services.GetRequiredService<KVClusterClient>();

        public static async Task<Servers> StartAsync(params string[] settings)
        {
            RedisPair redis = await RedisPair.StartAsync();
            ServeProcess[] workers = await Task.WhenAll(
                ServeProcess.StartAsync("worker-0", [.. redis.Settings(), .. settings]),
                ServeProcess.StartAsync("worker-1", [.. redis.Settings(), .. settings]));
            HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
            builder.Logging.SetMinimumLevel(LogLevel.Error);
            builder.AddKVClusterClient(new ClusterConnection { Redis = redis.Durable.Address }, options => options.Retry = new RetryOptions { Attempts = 12 });
            IHost host = builder.Build();
            await host.StartAsync();
            return new Servers(redis, workers, host);
        }

        public ServeProcess Worker(string name) => workers.Single(process => process.Name == name);

        public async ValueTask DisposeAsync()
        {
            await host.StopAsync();
            host.Dispose();
            foreach (ServeProcess worker in workers)
            {
                await worker.DisposeAsync();
            }

            await redis.DisposeAsync();
        }
    }
}
#endif
