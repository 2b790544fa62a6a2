namespace KVCluster.Storage.Redis.Protocol;

/// <summary>
/// Reads replies from a stream. A string for the caller's memory is received straight into it where a piece is large; small pieces share
/// one
/// receive into the buffer and are copied out, since a system call costs more than the copy.
/// </summary>
internal sealed class RespReader(Stream stream, int bufferBytes = RespReader.BufferBytes)
{
    /// <summary>Pieces of at least this many bytes are received in place.</summary>
    public const int DirectBytes = 64 * 1024;

    /// <summary>Bytes one receive of small pieces takes at most; at least a line's (<see cref="RespLimits.LineBytes"/>).</summary>
    public const int BufferBytes = 256 * 1024;

    /// <summary>Bytes received for the line before a body that is received in place.</summary>
    private const int HeaderBytes = 32;

    private const int LineEndBytes = 2;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(bufferBytes, pinned: true);
    private int _start;
    private int _end;

    /// <summary>Reads the next line.</summary>
    /// <param name="destination">
    /// Asked when an answer has begun to arrive: where its body goes. Of a body that is received in place no more than the line is buffered,
    /// else up to a buffer of it would be copied once more.
    /// </param>
    /// <exception cref="EndOfStreamException">The server closed the connection.</exception>
    /// <exception cref="RespProtocolException">It is not RESP.</exception>
    public async ValueTask<RespHeader> ReadHeaderAsync(Func<IReadOnlyList<Memory<byte>>?>? destination = null)
    {
        if (destination is not null && _start == _end)
        {
            await stream.ReadAsync(Memory<byte>.Empty).ConfigureAwait(false);
            bool direct = destination() is [{ Length: >= DirectBytes }, ..];
            await FillAsync(direct ? HeaderBytes : BufferBytes).ConfigureAwait(false);
        }

        while (true)
        {
            if (RespHeader.TryRead(_buffer.AsSpan(_start, _end - _start), out RespHeader header, out int consumed))
            {
                _start += consumed;
                return header;
            }

            await FillAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Reads the rest of a value of which the first header is read already.</summary>
    public async ValueTask<RespValue> ReadValueAsync(RespHeader first)
    {
        var builder = new RespValueBuilder();
        RespHeader header = first;
        while (true)
        {
            byte[] body = [];
            if (header.HasBody)
            {
                body = await ReadBodyAsync(builder.BodyBytes(header)).ConfigureAwait(false);
            }

            if (builder.Add(header, body))
            {
                return builder.Value!;
            }

            header = await ReadHeaderAsync().ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Reads a string of that length, and its line end, into the pending call's memory. Where the call is given up meanwhile the rest is
    /// read and dropped.
    /// </summary>
    public async ValueTask ReceiveAsync(long length, PendingReply reply)
    {
        var cursor = new ScatterCursor(reply.Destination!);
        long missing = length;
        int lineEnd = BufferBytes;
        while (missing > 0)
        {
            if (!reply.TryTouch())
            {
                await DropAsync(missing).ConfigureAwait(false);
                return;
            }

            int buffered = (int)Math.Min(missing, _end - _start);
            if (buffered > 0)
            {
                cursor.Write(_buffer.AsSpan(_start, buffered));
                _start += buffered;
                missing -= buffered;
                continue;
            }

            Memory<byte> target = cursor.Current;
            if (target.Length < DirectBytes)
            {
                await FillAsync().ConfigureAwait(false);
                continue;
            }

            int received = await stream.ReadAsync(target).ConfigureAwait(false);
            if (received == 0)
            {
                throw new EndOfStreamException();
            }

            cursor.Advance(received);
            missing -= received;
            lineEnd = LineEndBytes;
        }

        await ReadLineEndAsync(lineEnd).ConfigureAwait(false);
    }

    /// <summary>Reads a string of that length and its line end over.</summary>
    public async ValueTask DropAsync(long length)
    {
        long missing = length;
        while (missing > 0)
        {
            if (_start == _end)
            {
                await FillAsync().ConfigureAwait(false);
            }

            int count = (int)Math.Min(missing, _end - _start);
            _start += count;
            missing -= count;
        }

        await ReadLineEndAsync().ConfigureAwait(false);
    }

    private async ValueTask<byte[]> ReadBodyAsync(int length)
    {
        // A claimed length is believed piece by piece: memory grows with what really arrives.
        byte[] body = new byte[Math.Min(length, BufferBytes)];
        int filled = 0;
        while (filled < length)
        {
            if (_start == _end)
            {
                await FillAsync().ConfigureAwait(false);
            }

            if (filled == body.Length)
            {
                Array.Resize(ref body, (int)Math.Min(length, 2L * body.Length));
            }

            int count = Math.Min(body.Length - filled, _end - _start);
            _buffer.AsSpan(_start, count).CopyTo(body.AsSpan(filled));
            _start += count;
            filled += count;
        }

        await ReadLineEndAsync().ConfigureAwait(false);
        return body;
    }

    private async ValueTask ReadLineEndAsync(int atMost = BufferBytes)
    {
        while (_end - _start < LineEndBytes)
        {
            await FillAsync(atMost).ConfigureAwait(false);
        }

        if (_buffer[_start] != '\r' || _buffer[_start + 1] != '\n')
        {
            throw new RespProtocolException("a string is longer than its length");
        }

        _start += LineEndBytes;
    }

    /// <summary>Receives more behind what is buffered.</summary>
    private async ValueTask FillAsync(int atMost = BufferBytes)
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }
        else if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        int received = await stream.ReadAsync(_buffer.AsMemory(_end, Math.Min(atMost, _buffer.Length - _end))).ConfigureAwait(false);
        if (received == 0)
        {
            throw new EndOfStreamException();
        }

        _end += received;
    }
}
