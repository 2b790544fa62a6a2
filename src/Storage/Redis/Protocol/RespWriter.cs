using System.Buffers.Text;
using System.Diagnostics;

namespace KVCluster.Storage.Redis.Protocol;

/// <summary>
/// Writes commands to a stream. Large pieces go from the caller's memory to the socket as they are, and so do small ones of a large value
/// where the system takes many in one call (<see cref="VectoredSocket"/>); others are gathered in a buffer, so that one system call carries many.
/// </summary>
internal sealed class RespWriter(Stream stream)
{
    /// <summary>Pieces of at least this many bytes are sent in place.</summary>
    public const int DirectBytes = 64 * 1024;

    private const int BufferBytes = 128 * 1024;

    /// <summary>'*' or '$', a long, a line end.</summary>
    private const int LengthBytes = 32;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);
    private readonly VectoredSocket? _socket = VectoredSocket.Of(stream);
    private int _filled;

    /// <summary>Puts a command on its way; what is small stays in the buffer until <see cref="FlushAsync"/>.</summary>
    public async ValueTask WriteAsync(RedisCommand command)
    {
        await LengthAsync((byte)'*', command.Count).ConfigureAwait(false);
        for (int i = 0; i < command.Count; i++)
        {
            RedisArgument argument = command[i];
            await LengthAsync((byte)'$', argument.Length).ConfigureAwait(false);
            if (_socket is not null && argument.Count > 1 && argument.Length >= DirectBytes)
            {
                int count = _filled;
                _filled = 0;
                await _socket.SendAsync(_buffer.AsMemory(0, count), argument).ConfigureAwait(false);
            }
            else
            {
                await PiecesAsync(argument).ConfigureAwait(false);
            }

            await GatherAsync(LineEnd).ConfigureAwait(false);
        }
    }

    /// <summary>Sends what is gathered.</summary>
    public async ValueTask FlushAsync()
    {
        if (_filled > 0)
        {
            int count = _filled;
            _filled = 0;
            await stream.WriteAsync(_buffer.AsMemory(0, count)).ConfigureAwait(false);
        }
    }

    private async ValueTask PiecesAsync(RedisArgument argument)
    {
        for (int piece = 0; piece < argument.Count; piece++)
        {
            ReadOnlyMemory<byte> bytes = argument[piece];
            if (bytes.Length >= DirectBytes)
            {
                await FlushAsync().ConfigureAwait(false);
                await stream.WriteAsync(bytes).ConfigureAwait(false);
            }
            else
            {
                await GatherAsync(bytes).ConfigureAwait(false);
            }
        }
    }

    private static readonly byte[] LineEnd = "\r\n"u8.ToArray();

    private ValueTask LengthAsync(byte type, long length)
    {
        if (BufferBytes - _filled < LengthBytes)
        {
            return FlushedLengthAsync(type, length);
        }

        Length(type, length);
        return default;
    }

    private async ValueTask FlushedLengthAsync(byte type, long length)
    {
        await FlushAsync().ConfigureAwait(false);
        Length(type, length);
    }

    private void Length(byte type, long length)
    {
        Span<byte> target = _buffer.AsSpan(_filled, LengthBytes);
        target[0] = type;
        bool fits = Utf8Formatter.TryFormat(length, target[1..], out int digits);
        Debug.Assert(fits, "a long has at most 20 digits");
        LineEnd.CopyTo(target[(digits + 1)..]);
        _filled += digits + 3;
    }

    private ValueTask GatherAsync(ReadOnlyMemory<byte> bytes)
    {
        if (BufferBytes - _filled < bytes.Length)
        {
            return FlushedGatherAsync(bytes);
        }

        Gather(bytes);
        return default;
    }

    private async ValueTask FlushedGatherAsync(ReadOnlyMemory<byte> bytes)
    {
        await FlushAsync().ConfigureAwait(false);
        Gather(bytes);
    }

    private void Gather(ReadOnlyMemory<byte> bytes)
    {
        bytes.Span.CopyTo(_buffer.AsSpan(_filled));
        _filled += bytes.Length;
    }
}
