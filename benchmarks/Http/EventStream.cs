using System.Net.Sockets;
using System.Text;

namespace KVCluster.Benchmarks.Http;

/// <summary>One streamed request on a connection of its own, read as bytes: the client costs next to nothing.</summary>
internal sealed class EventStream : IDisposable
{
    private static readonly byte[] Event = "data: "u8.ToArray();
    private static readonly byte[] End = "data: [DONE]"u8.ToArray();
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[64 << 10];

    /// <summary>Bytes at the buffer's start that may be the beginning of a mark.</summary>
    private int _kept;

    public static async Task<EventStream> PostAsync(Uri server, string body)
    {
        var stream = new EventStream();
        await stream._socket.ConnectAsync(server.Host, server.Port);
        string head = $"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n";
        await stream._socket.SendAsync(Encoding.UTF8.GetBytes(head + body));
        return stream;
    }

    /// <summary>Reads until so many events have come, or the last one; how many there were.</summary>
    public async Task<int> ReadAsync(int atLeast = int.MaxValue)
    {
        int events = 0;
        while (events < atLeast)
        {
            int read = await _socket.ReceiveAsync(_buffer.AsMemory(_kept));
            if (read == 0)
            {
                throw new InvalidOperationException("the server closed the stream before its end");
            }

            ReadOnlySpan<byte> bytes = _buffer.AsSpan(0, _kept + read);
            if (bytes.StartsWith("HTTP/1.1 "u8) && !bytes.StartsWith("HTTP/1.1 200"u8))
            {
                throw new InvalidOperationException(Encoding.UTF8.GetString(bytes));
            }

            events += Count(bytes);
            if (bytes.IndexOf(End) >= 0)
            {
                return events;
            }

            _kept = Math.Min(bytes.Length, Event.Length - 1);
            bytes[^_kept..].CopyTo(_buffer);
        }

        return events;
    }

    public void Dispose() => _socket.Dispose();

    private static int Count(ReadOnlySpan<byte> bytes)
    {
        int count = 0;
        for (int at; (at = bytes.IndexOf(Event)) >= 0; bytes = bytes[(at + Event.Length)..])
        {
            count++;
        }

        return count;
    }
}
