using System.Net;
using System.Net.Sockets;
using System.Text;
using KVCluster.Storage.Redis;
using KVCluster.Storage.Redis.Protocol;

namespace KVCluster.Storage.Tests.Redis.Protocol;

/// <summary>Values in many pieces on their way through a real socket.</summary>
public sealed class VectoredSocketTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_full_socket_and_pieces_of_any_size_lose_and_repeat_nothing(int seed)
    {
        (NetworkStream sending, NetworkStream receiving) = await ConnectAsync();
        await using (sending)
        await using (receiving)
        {
            var random = new Random(seed);
            byte[] value = new byte[3_000_000];
            random.NextBytes(value);
            List<ReadOnlyMemory<byte>> pieces = [];
            for (int at = 0, size; at < value.Length; at += size)
            {
                size = Math.Min(value.Length - at, random.Next(6) == 0 ? 0 : random.Next(1, 20_000));
                pieces.Add(value.AsMemory(at, size));
            }

            var writer = new RespWriter(sending);
            Task sent = Task.Run(async () =>
            {
                for (int round = 0; round < 2; round++)
                {
                    await writer.WriteAsync(new RedisCommand("SET", "key", new RedisArgument(pieces)));
                    await writer.FlushAsync();
                }
            });
            byte[] expected = [.. Encoding.ASCII.GetBytes("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$3000000\r\n"), .. value, .. "\r\n"u8];
            byte[] got = new byte[expected.Length];
            for (int round = 0; round < 2; round++)
            {
                await receiving.ReadExactlyAsync(got).AsTask().WaitAsync(Limit);
                Assert.Equal(expected, got);
            }

            await sent.WaitAsync(Limit);
        }
    }

    [Fact]
    public async Task A_peer_that_is_gone_is_an_error_of_the_connection()
    {
        (NetworkStream sending, NetworkStream receiving) = await ConnectAsync();
        await using (sending)
        {
            receiving.Socket.LingerState = new LingerOption(true, 0);
            await receiving.DisposeAsync();
            ReadOnlyMemory<byte>[] pieces = [.. Enumerable.Repeat((ReadOnlyMemory<byte>)new byte[8192], 64)];
            var writer = new RespWriter(sending);
            await Assert.ThrowsAsync<IOException>(async () =>
            {
                while (true)
                {
                    await writer.WriteAsync(new RedisCommand("SET", "key", new RedisArgument(pieces))).AsTask().WaitAsync(Limit);
                }
            });
        }
    }

    public void Dispose() => _listener.Dispose();

    private async Task<(NetworkStream Sending, NetworkStream Receiving)> ConnectAsync()
    {
        _listener.Start();
        var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendBufferSize = 16_384 };
        await client.ConnectAsync(_listener.LocalEndpoint);
        return (new NetworkStream(client, ownsSocket: true), new NetworkStream(await _listener.AcceptSocketAsync(), ownsSocket: true));
    }
}
