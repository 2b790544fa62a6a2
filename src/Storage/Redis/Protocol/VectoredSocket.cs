using System.Buffers;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace KVCluster.Storage.Redis.Protocol;

/// <summary>
/// Sends a value of many small pieces from where they lie, by Linux's <c>writev</c>: .NET's own scatter and gather takes managed arrays only,
/// and pages of an arena are none. One sender at a time.
/// </summary>
internal sealed partial class VectoredSocket(NetworkStream stream)
{
    /// <summary>Pieces a system call takes; Linux allows 1,024.</summary>
    private const int Batch = 128;

    private const int Interrupted = 4;
    private const int WouldBlock = 11;

    private readonly SafeSocketHandle _socket = stream.Socket.SafeHandle;
    private readonly MemoryHandle[] _pins = new MemoryHandle[Batch];

    /// <summary>Null where the stream is no plain socket (TLS), or the system is not Linux: pieces are then gathered.</summary>
    public static VectoredSocket? Of(Stream stream) =>
        OperatingSystem.IsLinux() && stream is NetworkStream plain ? new VectoredSocket(plain) : null;

    /// <summary>Sends some bytes and then a value. Its memory must stay as it is until this has returned.</summary>
    /// <exception cref="IOException">The connection is lost.</exception>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> before, RedisArgument value)
    {
        int piece = -1;
        int offset = 0;
        while (piece < value.Count)
        {
            int left = (piece < 0 ? before : value[piece]).Length - offset;
            if (left == 0)
            {
                (piece, offset) = (piece + 1, 0);
                continue;
            }

            long sent = TrySend(before, value, piece, offset);
            if (sent == 0)
            {
                // The socket is full. Sending one piece by .NET's own means waits until it is not.
                await stream.WriteAsync((piece < 0 ? before : value[piece])[offset..]).ConfigureAwait(false);
                sent = left;
            }

            while (sent > 0)
            {
                left = (piece < 0 ? before : value[piece]).Length - offset;
                (piece, offset) = sent < left ? (piece, offset + (int)sent) : (piece + 1, 0);
                sent -= Math.Min(sent, left);
            }
        }
    }

    /// <summary>Sends as much as the socket takes at once; 0: nothing.</summary>
    private unsafe long TrySend(ReadOnlyMemory<byte> before, RedisArgument value, int piece, int offset)
    {
        Vector* vectors = stackalloc Vector[Batch];
        int count = 0;
        try
        {
            for (; count < Batch && piece < value.Count; piece++, offset = 0)
            {
                ReadOnlyMemory<byte> bytes = (piece < 0 ? before : value[piece])[offset..];
                _pins[count] = bytes.Pin();
                vectors[count] = new Vector { Start = _pins[count].Pointer, Length = (nuint)bytes.Length };
                count++;
            }

            while (true)
            {
                nint sent = WriteVectors(_socket, vectors, count);
                int error = sent < 0 ? Marshal.GetLastPInvokeError() : 0;
                if (error is 0 or WouldBlock)
                {
                    return Math.Max(0, sent);
                }

                if (error != Interrupted)
                {
                    throw new IOException(Marshal.GetPInvokeErrorMessage(error));
                }
            }
        }
        finally
        {
            for (int i = 0; i < count; i++)
            {
                _pins[i].Dispose();
                _pins[i] = default;
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "writev", SetLastError = true)]
    private static unsafe partial nint WriteVectors(SafeSocketHandle socket, Vector* vectors, int count);

    /// <summary>The system's iovec.</summary>
    private unsafe struct Vector
    {
        public void* Start;
        public nuint Length;
    }
}
