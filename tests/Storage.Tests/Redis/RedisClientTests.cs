using KVCluster.Storage.Redis;
using KVCluster.Storage.Tests.Redis.Support;
using KVCluster.TestSupport.Redis;

namespace KVCluster.Storage.Tests.Redis;

/// <summary>The client against a real server that behaves.</summary>
public sealed class RedisClientTests(RedisFixture fixture) : IClassFixture<RedisFixture>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [RedisFact]
    public async Task A_value_written_in_pieces_is_read_into_other_pieces()
    {
        await using RedisClient client = fixture.Client();
        byte[] value = RandomBytes(3_000_001);
        ReadOnlyMemory<byte>[] pieces = [value.AsMemory(0, 10), value.AsMemory(10, 200_000), default, value.AsMemory(200_010)];
        await client.ExecuteAsync(new RedisCommand("SET", "pieces", new RedisArgument(pieces)), default).WaitAsync(Limit);

        byte[] read = new byte[value.Length];
        Memory<byte>[] destination = [read.AsMemory(0, 1_000_000), read.AsMemory(1_000_000, 1), read.AsMemory(1_000_001)];
        var get = new RedisCommand("GET", "pieces") { Destination = destination };
        RespValue reply = await client.ExecuteAsync(get, default).WaitAsync(Limit);
        Assert.Equal((RespKind.Received, (long)value.Length), (reply.Kind, reply.Integer));
        Assert.True(value.AsSpan().SequenceEqual(read));
    }

    [RedisFact]
    public async Task A_value_of_another_length_than_asked_for_is_told_and_not_received()
    {
        await using RedisClient client = fixture.Client();
        await client.ExecuteAsync(new RedisCommand("SET", "length", "abcde"), default).WaitAsync(Limit);
        byte[] memory = new byte[4];
        RespValue reply = await client.ExecuteAsync(new RedisCommand("GET", "length") { Destination = [memory] }, default).WaitAsync(Limit);
        Assert.Equal(5, reply.Integer);
        Assert.Equal(new byte[4], memory);
        var get = new RedisCommand("GET", "absent") { Destination = [memory] };
        RespValue absent = await client.ExecuteAsync(get, default).WaitAsync(Limit);
        Assert.True(absent.IsNull);
    }

    [RedisFact]
    public async Task Many_calls_at_once_each_get_their_own_answer()
    {
        await using RedisClient client = fixture.Client("?connections=3&bytes_in_flight=2000000");
        byte[][] values = [.. Enumerable.Range(0, 200).Select(i => RandomBytes(1000 * i, i))];
        await Task.WhenAll(values.Select((v, i) => client.ExecuteAsync(new RedisCommand("SET", $"many:{i}", v), default))).WaitAsync(Limit);
        byte[][] read = [.. values.Select(v => new byte[v.Length])];
        await Task.WhenAll(read.Select((r, i) =>
            client.ExecuteAsync(new RedisCommand("GET", $"many:{i}") { Destination = [r] }, default))).WaitAsync(Limit);
        Assert.Equal(values, read);
        Assert.Equal(0, client.BytesInFlight);
    }

    [RedisFact]
    public async Task Bytes_on_their_way_stay_within_the_limit()
    {
        await using RedisClient client = fixture.Client("?connections=2&bytes_in_flight=300000");
        byte[] value = RandomBytes(100_000);
        long most = 0;
        Task[] calls = [.. Enumerable.Range(0, 100).Select(async i =>
        {
            Task call = client.ExecuteAsync(new RedisCommand("SET", $"flight:{i % 3}", value), default);
            InterlockedMax(ref most, client.BytesInFlight);
            await call;
            InterlockedMax(ref most, client.BytesInFlight);
        })];
        await Task.WhenAll(calls).WaitAsync(Limit);
        Assert.InRange(most, 100_000, 300_000);
    }

    [RedisFact]
    public async Task A_value_larger_than_the_limit_passes_alone()
    {
        await using RedisClient client = fixture.Client("?bytes_in_flight=1000");
        byte[] value = RandomBytes(50_000);
        await Task.WhenAll(Enumerable.Range(0, 5)
            .Select(i => client.ExecuteAsync(new RedisCommand("SET", $"alone:{i}", value), default))).WaitAsync(Limit);
        Assert.Equal(0, client.BytesInFlight);
    }

    [RedisFact]
    public async Task A_script_is_sent_whole_only_where_the_server_lacks_it()
    {
        await using RedisClient client = fixture.Client();
        var script = new RedisScript("return {KEYS[1], ARGV[1], 7}");
        await client.ExecuteAsync(new RedisCommand("SCRIPT", "FLUSH") { KeyIndex = 0 }, default).WaitAsync(Limit);
        for (int i = 0; i < 2; i++)
        {
            RespValue reply = await script.RunAsync(client, ["k"], ["a"], default).WaitAsync(Limit);
            Assert.Equal(["k", "a"], reply.Items.Take(2).Select(v => v.Text));
            Assert.Equal(7, reply.Items[2].Integer);
        }
    }

    [RedisFact]
    public async Task An_error_of_the_server_is_thrown_and_the_connection_goes_on()
    {
        await using RedisClient client = fixture.Client("?connections=1");
        await client.ExecuteAsync(new RedisCommand("SET", "text", "x"), default).WaitAsync(Limit);
        RedisServerException error = await Assert.ThrowsAsync<RedisServerException>(
            () => client.ExecuteAsync(new RedisCommand("INCR", "text"), default)).WaitAsync(Limit);
        Assert.Equal("ERR", error.Code);
        Assert.Equal("x", (await client.ExecuteAsync(new RedisCommand("GET", "text"), default).WaitAsync(Limit)).Text);
    }

    [RedisFact]
    public async Task A_cancelled_call_gives_its_memory_back_and_later_calls_are_right()
    {
        await using RedisClient client = fixture.Client("?connections=1");
        byte[] value = RandomBytes(4_000_000);
        await client.ExecuteAsync(new RedisCommand("SET", "cancel", value), default).WaitAsync(Limit);
        var random = new Random(3);
        for (int i = 0; i < 30; i++)
        {
            using var cancel = new CancellationTokenSource();
            byte[] read = new byte[value.Length];
            Task<RespValue> call = client.ExecuteAsync(new RedisCommand("GET", "cancel") { Destination = [read] }, cancel.Token);
            Thread.SpinWait(random.Next(100_000));
            await cancel.CancelAsync();
            Exception? outcome = await Record.ExceptionAsync(() => call.WaitAsync(Limit));
            byte[] seen = [.. read];
            Assert.True(outcome is null or OperationCanceledException);
            RespValue after = await client.ExecuteAsync(new RedisCommand("STRLEN", "cancel"), default).WaitAsync(Limit);
            Assert.Equal(value.Length, after.Integer);
            Assert.True(outcome is null ? read.AsSpan().SequenceEqual(value) : read.AsSpan().SequenceEqual(seen));
        }

        Assert.Equal(0, client.BytesInFlight);
    }

    [RedisFact]
    public async Task A_closed_client_refuses_calls()
    {
        RedisClient client = fixture.Client();
        await client.ExecuteAsync(new RedisCommand("PING") { KeyIndex = 0 }, default).WaitAsync(Limit);
        await client.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.ExecuteAsync(new RedisCommand("PING") { KeyIndex = 0 }, default));
    }

    [RedisFact]
    public async Task Another_database_holds_other_keys()
    {
        await using RedisClient first = fixture.Client();
        await using RedisClient second = fixture.Client("/3");
        await second.ExecuteAsync(new RedisCommand("SET", "database", "x"), default).WaitAsync(Limit);
        Assert.True((await first.ExecuteAsync(new RedisCommand("GET", "database"), default).WaitAsync(Limit)).IsNull);
    }

    private static void InterlockedMax(ref long most, long value)
    {
        for (long seen = Volatile.Read(ref most); value > seen; seen = Volatile.Read(ref most))
        {
            Interlocked.CompareExchange(ref most, value, seen);
        }
    }

    private static byte[] RandomBytes(int length, int seed = 1)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
