using KVCluster.Engine.Embedded;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace KVCluster.Client.Tests.Embedded;

/// <summary>The client over the engine's own calls and streams; sessions do what the test says.</summary>
public sealed class SessionClientTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly EmbeddedCluster _cluster = new(new EmbeddedClusterOptions { GrainAssemblies = [typeof(ScriptedSession).Assembly] });
    private KVClusterClient _client = null!;

    public async Task InitializeAsync()
    {
        await _cluster.StartSiloAsync("node");
        var retry = new RetryOptions { Attempts = 3, FirstDelay = TimeSpan.FromMilliseconds(1), LongestDelay = TimeSpan.FromMilliseconds(50) };
        ServiceProvider services = new ServiceCollection().AddKVClusterClient(_cluster.Client, o => o.Retry = retry).BuildServiceProvider();
        _client = services.GetRequiredService<KVClusterClient>();
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task An_answer_that_breaks_off_is_gone_on_with_under_the_same_key_and_seed()
    {
        var script = new SessionScript();
        script.For("broken");
        script.Answers.Enqueue(([1, 2], new SessionUnavailableException("moved")));
        script.Answers.Enqueue(([1], new SiloUnavailableException("gone")));
        script.Answers.Enqueue(([1, 2, 3, 4], null));

        List<TokenChunk> chunks = await ReadAsync(_client.GetSession("broken").SayAsync("hello"));

        Assert.Equal([1, 2, 3, 4], chunks.SelectMany(c => c.Tokens));
        Assert.Equal("<1><2><3><4>", string.Concat(chunks.Select(c => c.Text)));
        Assert.Equal(3, script.Requests.Count);
        Assert.Single(script.Requests.Select(r => (r.IdempotencyKey, r.Sampling!.Seed)).Distinct());
        Assert.NotNull(script.Requests[0].IdempotencyKey);
        Assert.NotNull(script.Requests[0].Sampling!.Seed);
    }

    [Fact]
    public async Task A_key_of_the_callers_makes_the_same_request_in_another_process()
    {
        var script = new SessionScript();
        script.For("keyed");
        script.Answers.Enqueue(([1], null));
        script.Answers.Enqueue(([1], null));

        await _client.GetSession("keyed").AskAsync("hello", idempotencyKey: "order-7");
        await _client.GetSession("keyed").AskAsync("hello", idempotencyKey: "order-7");

        Assert.Equal("order-7", script.Requests[0].IdempotencyKey);
        Assert.Equal(script.Requests[0], script.Requests[1]);
    }

    [Fact]
    public async Task A_seed_of_the_session_is_left_alone()
    {
        var script = new SessionScript { Seed = 5 };
        script.For("seeded");
        script.Answers.Enqueue(([1], null));

        await _client.GetSession("seeded").AskAsync("hello");

        Assert.Null(script.Requests[0].Sampling);
    }

    [Fact]
    public async Task After_the_last_attempt_the_error_comes_with_what_was_read()
    {
        var script = new SessionScript();
        script.For("lost");
        for (int i = 0; i < 3; i++)
        {
            script.Answers.Enqueue(([1], new SessionUnavailableException("gone")));
        }

        List<TokenChunk> read = [];
        await Assert.ThrowsAsync<SessionUnavailableException>(async () =>
        {
            await foreach (TokenChunk chunk in _client.GetSession("lost").SayAsync("hello"))
            {
                read.Add(chunk);
            }
        });

        Assert.Equal([1], read.SelectMany(c => c.Tokens));
    }

    [Fact]
    public async Task An_answer_that_comes_out_otherwise_is_an_error()
    {
        var script = new SessionScript();
        script.For("changed");
        script.Answers.Enqueue(([1, 2], new SessionUnavailableException("moved")));
        script.Answers.Enqueue(([1, 7, 8], null));

        await Assert.ThrowsAsync<AnswerChangedException>(() => ReadAsync(_client.GetSession("changed").SayAsync("hello")));
        await script.Left.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_reader_that_leaves_ends_the_turn()
    {
        var script = new SessionScript();
        script.For("left");
        script.Answers.Enqueue(([.. Enumerable.Range(1, 100_000)], null));

        await foreach (TokenChunk _ in _client.GetSession("left").SayAsync("hello"))
        {
            break;
        }

        await script.Left.Task.WaitAsync(Patience);
        Assert.Single(script.Requests);
    }

    [Fact]
    public async Task A_cancelled_reader_gets_its_cancellation_and_nothing_is_sent_again()
    {
        var script = new SessionScript();
        script.For("cancelled");
        script.Answers.Enqueue(([.. Enumerable.Range(1, 100_000)], null));
        using var cancel = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (TokenChunk _ in _client.GetSession("cancelled").SayAsync("hello", cancellationToken: cancel.Token))
            {
                await cancel.CancelAsync();
            }
        });

        await script.Left.Task.WaitAsync(Patience);
        Assert.Single(script.Requests);
    }

    [Fact]
    public async Task Calls_are_sent_again_until_they_pass_and_those_that_must_not_run_twice_are_not()
    {
        var script = new SessionScript();
        script.For("calls");
        SessionClient session = _client.GetSession("calls");
        script.Errors.Enqueue(new TimeoutException());
        script.Errors.Enqueue(new DeviceOverloadedException("full", TimeSpan.FromMilliseconds(2)));
        await session.AppendAsync("text");
        Assert.Equal(3, script.Calls);

        script.Errors.Enqueue(new DeviceOverloadedException("full", TimeSpan.FromMilliseconds(2)));
        script.Errors.Enqueue(new TimeoutException());
        await Assert.ThrowsAsync<TimeoutException>(() => session.CompressAsync(new CompressRequest { Keep = 0.5 }));
        Assert.Equal(5, script.Calls);
    }

    [Fact]
    public async Task What_is_wrong_is_said_at_once()
    {
        var script = new SessionScript();
        script.For("wrong");
        script.Errors.Enqueue(new InvalidRequestException("bad"));

        await Assert.ThrowsAsync<InvalidRequestException>(() => _client.CreateSessionAsync(id: "wrong"));
        Assert.Throws<InvalidRequestException>(() => _client.GetSession("no/such"));
        Assert.Equal(1, script.Calls);
    }

    private static async Task<List<TokenChunk>> ReadAsync(IAsyncEnumerable<TokenChunk> answer)
    {
        List<TokenChunk> chunks = [];
        await foreach (TokenChunk chunk in answer)
        {
            chunks.Add(chunk);
        }

        return chunks;
    }
}
