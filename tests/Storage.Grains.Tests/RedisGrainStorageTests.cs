using KVCluster.Storage.Grains;
using KVCluster.Storage.Redis;
using KVCluster.TestSupport.Redis;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace KVCluster.Storage.Grains.Tests;

/// <summary>Grain states on a real server.</summary>
public sealed class RedisGrainStorageTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly GrainId _grain = GrainId.Create("session", "tenant/one");
    private RedisServer? _server;
    private RedisClient? _client;

    private RedisServer Server => _server!;

    private RedisGrainStorage Storage => new(_client!, "service");

    public async Task InitializeAsync()
    {
        if (RedisProgram.SkipReason is null)
        {
            _server = await RedisServer.StartAsync("--appendonly", "yes", "--appendfsync", "always");
            _client = Client(_server.Address);
        }
    }

    public async Task DisposeAsync()
    {
        if (_client is not null)
        {
            await _client.DisposeAsync();
            await Server.DisposeAsync();
        }
    }

    [RedisFact]
    public async Task A_state_without_a_record_is_new()
    {
        var state = new GrainState<Counter>();
        await Storage.ReadStateAsync("state", _grain, state).WaitAsync(Limit);
        Assert.Equal((0, null, false), (state.State!.Value, state.ETag, state.RecordExists));
    }

    [RedisFact]
    public async Task A_state_written_is_read_by_another_storage()
    {
        GrainState<Counter> written = await WriteAsync(7, "text", null);
        GrainState<Counter> read = await ReadAsync();
        Assert.Equal((7, "text", written.ETag, true), (read.State!.Value, read.State.Text, read.ETag, read.RecordExists));
        Assert.Equal([1, 2, 3], read.State.Bytes);
    }

    [RedisFact]
    public async Task The_record_lies_where_Orleans_has_it_and_never_expires()
    {
        GrainState<Counter> written = await WriteAsync(7, "text", null);
        const string Key = "service/state/session/tenant/one/state";
        RespValue record = await _client!.ExecuteAsync(new RedisCommand("HMGET", Key, "etag", "data"), default).WaitAsync(Limit);
        Assert.Equal(written.ETag, record.Items[0].Text);
        Assert.StartsWith("{\"Value\":7", record.Items[1].Text);
        Assert.Equal(-1, (await _client.ExecuteAsync(new RedisCommand("TTL", Key), default).WaitAsync(Limit)).Integer);
    }

    [RedisFact]
    public async Task A_writer_that_does_not_know_the_latest_version_is_refused()
    {
        GrainState<Counter> first = await WriteAsync(1, "a", null);
        GrainState<Counter> second = await WriteAsync(2, "b", first.ETag);
        foreach (string? known in new[] { first.ETag, null, "none" })
        {
            InconsistentStateException error = await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(3, "c", known));
            Assert.Equal((second.ETag, known), (error.StoredEtag, error.CurrentEtag));
        }

        Assert.Equal(2, (await ReadAsync()).State!.Value);
    }

    [RedisFact]
    public async Task A_writer_whose_record_is_gone_is_refused()
    {
        GrainState<Counter> state = await WriteAsync(1, "a", null);
        await _client!.ExecuteAsync(new RedisCommand("FLUSHALL") { KeyIndex = 0 }, default).WaitAsync(Limit);
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(2, "b", state.ETag));
    }

    [RedisFact]
    public async Task Of_writers_at_once_one_wins()
    {
        GrainState<Counter> state = await WriteAsync(0, "", null);
        Exception?[] outcomes = await Task.WhenAll(
            Enumerable.Range(1, 16).Select(i => Record.ExceptionAsync(() => WriteAsync(i, "", state.ETag))));
        Assert.Single(outcomes, o => o is null);
        Assert.Equal(15, outcomes.Count(o => o is InconsistentStateException));
    }

    [RedisFact]
    public async Task A_cleared_state_is_new_and_only_the_latest_version_clears()
    {
        GrainState<Counter> state = await WriteAsync(1, "a", null);
        var stale = new GrainState<Counter>(new Counter(), "stale");
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.ClearStateAsync("state", _grain, stale)).WaitAsync(Limit);
        await Storage.ClearStateAsync("state", _grain, state).WaitAsync(Limit);
        Assert.Equal((0, null, false), (state.State!.Value, state.ETag, state.RecordExists));
        Assert.False((await ReadAsync()).RecordExists);
        await WriteAsync(5, "again", null);
    }

    [RedisFact]
    public async Task Grains_and_states_are_apart()
    {
        await WriteAsync(1, "a", null);
        var other = new GrainState<Counter>();
        await Storage.ReadStateAsync("other", _grain, other).WaitAsync(Limit);
        Assert.False(other.RecordExists);
        await Storage.ReadStateAsync("state", GrainId.Create("session", "tenant/two"), other).WaitAsync(Limit);
        Assert.False(other.RecordExists);
        await new RedisGrainStorage(_client!, "elsewhere").ReadStateAsync("state", _grain, other).WaitAsync(Limit);
        Assert.False(other.RecordExists);
    }

    [RedisFact]
    public async Task What_was_acknowledged_is_there_after_a_kill()
    {
        GrainState<Counter> state = await WriteAsync(0, "", null);
        for (int i = 1; i <= 50; i++)
        {
            state = await WriteAsync(i, "", state.ETag);
        }

        Server.Kill();
        await Server.RestartAsync();
        GrainState<Counter> read = await ReadAsync();
        Assert.Equal((50, state.ETag), (read.State!.Value, read.ETag));
    }

    [RedisTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_write_whose_answer_was_lost_is_repeated_and_counts_once(bool clear)
    {
        GrainState<Counter> state = await WriteAsync(1, "a", null);
        await using var proxy = new FaultProxy(Server.Port);
        await using RedisClient client = Client(proxy.Address);
        var storage = new RedisGrainStorage(client, "service");
        await storage.ReadStateAsync("state", _grain, state).WaitAsync(Limit);
        proxy.LoseNextAnswer();
        state.State!.Value = 2;
        await (clear ? storage.ClearStateAsync("state", _grain, state) : storage.WriteStateAsync("state", _grain, state)).WaitAsync(Limit);
        Assert.Equal(2, proxy.Connections);
        GrainState<Counter> read = await ReadAsync();
        Assert.Equal((state.ETag, !clear), (read.ETag, read.RecordExists));
    }

    [RedisFact]
    public async Task An_unreachable_server_is_an_error_and_changes_nothing()
    {
        GrainState<Counter> state = await WriteAsync(1, "a", null);
        string? tag = state.ETag;
        Server.Kill();
        await Assert.ThrowsAnyAsync<RedisException>(() => Storage.WriteStateAsync("state", _grain, state)).WaitAsync(Limit);
        Assert.Equal(tag, state.ETag);
        await Assert.ThrowsAnyAsync<RedisException>(ReadAsync);
    }

    private static RedisClient Client(string address) => new(RedisOptions.Parse(address) with
    {
        Connections = 1,
        BackoffFirst = TimeSpan.FromTicks(1),
        BackoffLast = TimeSpan.FromTicks(1),
        CallTimeout = Limit,
        ConnectTimeout = Limit,
    });

    private async Task<GrainState<Counter>> WriteAsync(int value, string text, string? tag)
    {
        var state = new GrainState<Counter>(new Counter { Value = value, Text = text, Bytes = [1, 2, 3] }, tag);
        await Storage.WriteStateAsync("state", _grain, state).WaitAsync(Limit);
        return state;
    }

    private async Task<GrainState<Counter>> ReadAsync()
    {
        var state = new GrainState<Counter>();
        await Storage.ReadStateAsync("state", _grain, state).WaitAsync(Limit);
        return state;
    }

    public sealed class Counter
    {
        public int Value { get; set; }

        public string Text { get; set; } = "";

        public byte[] Bytes { get; set; } = [];
    }
}
