using KVCluster.Storage.Redis;
using KVCluster.Storage.Redis.Connections;
using KVCluster.Storage.Tests.Redis.Support;
using KVCluster.TestSupport;
using KVCluster.TestSupport.Redis;

namespace KVCluster.Storage.Tests.Redis;

/// <summary>The client against networks and servers that fail: an error in time, and service again once they are back.</summary>
public sealed class RedisFaultTests(RedisFixture fixture) : IClassFixture<RedisFixture>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [RedisFact]
    public async Task A_server_silent_for_ten_seconds_fails_the_call_at_its_deadline_and_the_next_at_once()
    {
        var time = new StepTime();
        await using var proxy = new FaultProxy(fixture.Server.Port);
        await using var client = new RedisClient(RedisOptions.Parse($"{proxy.Address}?connections=1&timeout=2"), time);
        await PingAsync(client);
        proxy.GoSilent();
        Task call = PingAsync(client);
        await time.PassUntilAsync(call, TimeSpan.FromSeconds(10));
        RedisUnavailableException overdue = await Assert.ThrowsAsync<RedisUnavailableException>(() => call);
        Assert.False(overdue.NotSent);
        Assert.Contains("did not answer within 2 s", overdue.Message);
        RedisUnavailableException paused = await Assert.ThrowsAsync<RedisUnavailableException>(() => PingAsync(client));
        Assert.True(paused.NotSent);
        Assert.Equal(1, proxy.Connections);
    }

    [RedisFact]
    public async Task A_half_open_connection_is_replaced_once_the_pause_is_over()
    {
        var time = new StepTime();
        await using var proxy = new FaultProxy(fixture.Server.Port);
        await using var client = new RedisClient(RedisOptions.Parse($"{proxy.Address}?connections=1&timeout=2"), time);
        await PingAsync(client);
        proxy.GoSilent();
        Task call = PingAsync(client);
        await time.PassUntilAsync(call, TimeSpan.FromSeconds(3));
        await Assert.ThrowsAsync<RedisUnavailableException>(() => call);
        proxy.Speak();
        time.Advance(TimeSpan.FromMilliseconds(100));
        await PingAsync(client);
        Assert.Equal(2, proxy.Connections);
    }

    [RedisFact]
    public async Task A_reset_in_the_middle_of_a_value_fails_that_call_and_not_the_next()
    {
        await using var proxy = new FaultProxy(fixture.Server.Port);
        await using var client = new RedisClient(RedisOptions.Parse($"{proxy.Address}?connections=1"));
        await PingAsync(client);
        proxy.ResetAfter(1_000_000);
        RedisUnavailableException error = await Assert.ThrowsAsync<RedisUnavailableException>(
            () => client.ExecuteAsync(new RedisCommand("SET", "reset", new byte[8_000_000]), default)).WaitAsync(Limit);
        Assert.False(error.NotSent);
        Assert.True((await client.ExecuteAsync(new RedisCommand("GET", "reset"), default).WaitAsync(Limit)).IsNull);
        Assert.Equal(0, client.BytesInFlight);
    }

    [RedisFact]
    public async Task A_connection_reset_while_idle_costs_no_call()
    {
        await using var proxy = new FaultProxy(fixture.Server.Port);
        await using var client = new RedisClient(RedisOptions.Parse($"{proxy.Address}?connections=1"));
        for (int i = 0; i < 20; i++)
        {
            await PingAsync(client);
            proxy.ResetAll();
            await Eventually(() => client.ExecuteAsync(new RedisCommand("PING") { KeyIndex = 0 }, default));
        }
    }

    [RedisFact]
    public async Task Answers_in_single_bytes_are_the_same_answers()
    {
        await using var proxy = new FaultProxy(fixture.Server.Port) { AnswerPiece = 1 };
        await using var client = new RedisClient(RedisOptions.Parse(proxy.Address));
        byte[] value = new byte[5000];
        new Random(1).NextBytes(value);
        await client.ExecuteAsync(new RedisCommand("SET", "single", value), default).WaitAsync(Limit);
        byte[] read = new byte[value.Length];
        await client.ExecuteAsync(new RedisCommand("GET", "single") { Destination = [read] }, default).WaitAsync(Limit);
        Assert.Equal(value, read);
    }

    [RedisFact]
    public async Task A_killed_server_fails_calls_until_it_is_back()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using var client = new RedisClient(RedisOptions.Parse(server.Address) with
        {
            BackoffFirst = TimeSpan.FromTicks(1),
            BackoffLast = TimeSpan.FromTicks(1),
        });
        await PingAsync(client);
        server.Kill();
        await Assert.ThrowsAsync<RedisUnavailableException>(() => PingAsync(client));
        await Assert.ThrowsAsync<RedisUnavailableException>(() => PingAsync(client));
        await server.RestartAsync();
        await PingAsync(client);
    }

    [RedisFact]
    public async Task Nobody_listening_is_told_with_the_address()
    {
        await using var client = new RedisClient(RedisOptions.Parse($"127.0.0.1:{LoopbackPorts.Free()}"));
        RedisUnavailableException error = await Assert.ThrowsAsync<RedisUnavailableException>(() => PingAsync(client));
        Assert.True(error.NotSent);
        Assert.Contains(client.Options.Endpoints[0].ToString(), error.Message);
    }

    [RedisFact]
    public async Task A_server_that_takes_connections_and_never_speaks_is_given_up_in_time()
    {
        await using var proxy = new FaultProxy(fixture.Server.Port);
        proxy.GoSilent();
        await using var client = new RedisClient(RedisOptions.Parse($"{proxy.Address}?connect_timeout=0.2"));
        RedisUnavailableException error = await Assert.ThrowsAsync<RedisUnavailableException>(() => PingAsync(client));
        Assert.Contains("did not take a connection within 0.2 s", error.Message);
    }

    [Fact]
    public async Task A_server_that_takes_no_more_clients_is_left_alone_for_a_while()
    {
        var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        int connections = 0;
        Task refusing = Task.Run(async () =>
        {
            while (true)
            {
                using System.Net.Sockets.TcpClient connection = await listener.AcceptTcpClientAsync();
                Interlocked.Increment(ref connections);
                _ = await connection.GetStream().ReadAsync(new byte[1000]);
                await connection.GetStream().WriteAsync("-ERR max number of clients reached\r\n"u8.ToArray());
            }
        });
        var endpoint = (System.Net.IPEndPoint)listener.LocalEndpoint;
        await using var client = new RedisClient(RedisOptions.Parse($"redis://127.0.0.1:{endpoint.Port}?connections=1"), new StepTime());
        for (int i = 0; i < 5; i++)
        {
            RedisUnavailableException error = await Assert.ThrowsAsync<RedisUnavailableException>(() => PingAsync(client)).WaitAsync(Limit);
            Assert.Contains("takes no more clients", error.Message);
        }

        Assert.Equal(1, Volatile.Read(ref connections));
        listener.Stop();
        await Assert.ThrowsAnyAsync<Exception>(() => refusing).WaitAsync(Limit);
    }

    [RedisFact]
    public async Task A_server_that_does_not_speak_the_protocol_is_left()
    {
        var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        Task<System.Net.Sockets.Socket> accepted = listener.AcceptSocketAsync();
        await using var client = new RedisClient(RedisOptions.Parse(listener.LocalEndpoint.ToString()!));
        Task call = PingAsync(client);
        using (System.Net.Sockets.Socket socket = await accepted.WaitAsync(Limit))
        {
            await socket.SendAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
            RedisUnavailableException error = await Assert.ThrowsAsync<RedisUnavailableException>(() => call);
            Assert.Contains("broke the protocol", error.Message);
        }

        listener.Stop();
    }

    [Fact]
    public void Waits_double_to_a_bound_and_are_spread()
    {
        var first = TimeSpan.FromMilliseconds(100);
        var last = TimeSpan.FromSeconds(10);
        Assert.Equal(100, ReconnectBackoff.Delay(first, last, 1, 0).TotalMilliseconds);
        Assert.Equal(400, ReconnectBackoff.Delay(first, last, 3, 0).TotalMilliseconds);
        Assert.Equal(200, ReconnectBackoff.Delay(first, last, 3, 1).TotalMilliseconds);
        Assert.Equal(last, ReconnectBackoff.Delay(first, last, int.MaxValue, 0));
    }

    private static Task PingAsync(RedisClient client) =>
        client.ExecuteAsync(new RedisCommand("PING") { KeyIndex = 0 }, default).WaitAsync(Limit);

    /// <summary>One failure is allowed: the call that was already on the connection when it was reset.</summary>
    private static async Task Eventually(Func<Task> call)
    {
        try
        {
            await call().WaitAsync(Limit);
        }
        catch (RedisUnavailableException error) when (!error.NotSent)
        {
            await call().WaitAsync(Limit);
        }
    }
}
