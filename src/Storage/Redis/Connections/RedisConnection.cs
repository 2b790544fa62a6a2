using KVCluster.Storage.Redis.Protocol;

namespace KVCluster.Storage.Redis.Connections;

/// <summary>
/// One connection: commands go out one after the other, answers come back in that order, and nobody waits for an answer before sending the
/// next command. The first fault ends it and fails every call on it; it never comes back.
/// </summary>
internal sealed class RedisConnection : IAsyncDisposable
{
    private static readonly RedisCommand Asking = new("ASKING") { KeyIndex = 0 };

    private readonly Stream _stream;
    private readonly RespReader _reader;
    private readonly RespWriter _writer;
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly Queue<PendingReply> _pending = new();
    private readonly Lock _lock = new();
    private readonly Task _receiving;
    private Exception? _fault;
    private long _bytesInFlight;

    /// <summary>Takes over an open stream.</summary>
    public RedisConnection(RedisEndpoint endpoint, Stream stream)
    {
        Endpoint = endpoint;
        _stream = stream;
        _reader = new RespReader(stream);
        _writer = new RespWriter(stream);
        _receiving = Task.Run(ReceiveAsync);
    }

    /// <summary>The server.</summary>
    public RedisEndpoint Endpoint { get; }

    /// <summary>Whether it can still be used.</summary>
    public bool IsOpen => Volatile.Read(ref _fault) is null;

    /// <summary>Bytes of values on their way, both directions.</summary>
    public long BytesInFlight => Interlocked.Read(ref _bytesInFlight);

    /// <summary>Calls whose answer has not come.</summary>
    public int CallsInFlight
    {
        get
        {
            lock (_lock)
            {
                return _pending.Count;
            }
        }
    }

    /// <summary>
    /// Sends a command and returns when its last byte is with the system, or the connection has failed (the answer then says so): the
    /// command's memory is free again. The token ends only the wait for earlier commands to be sent.
    /// </summary>
    /// <exception cref="RedisUnavailableException">The connection had ended before; nothing was sent.</exception>
    public async ValueTask SendAsync(RedisCommand command, PendingReply reply, bool asking, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Enqueue(reply, asking);
            try
            {
                if (asking)
                {
                    await _writer.WriteAsync(Asking).ConfigureAwait(false);
                }

                await _writer.WriteAsync(command).ConfigureAwait(false);
                await _writer.FlushAsync().ConfigureAwait(false);
            }
            catch (Exception error)
            {
                // Half a command may be on its way: whatever the reason, no other may follow it.
                Abort(Lost(error));
            }
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Counts bytes as on their way on this connection, or (negative) as arrived.</summary>
    public void AddBytes(long bytes) => Interlocked.Add(ref _bytesInFlight, bytes);

    /// <summary>Ends the connection; every call on it fails with this reason.</summary>
    public void Abort(Exception reason)
    {
        if (Interlocked.CompareExchange(ref _fault, reason, null) is null)
        {
            // Disposing ends reads and writes under way. The receiving loop then fails the calls: only it knows what it still touches.
            _stream.Dispose();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Abort(new RedisUnavailableException($"the client of Redis at {Endpoint} is closed"));
        await _receiving.ConfigureAwait(false);
        _sending.Dispose();
    }

    private void Enqueue(PendingReply reply, bool asking)
    {
        lock (_lock)
        {
            if (_fault is not null)
            {
                throw new RedisUnavailableException(_fault.Message, _fault) { NotSent = true };
            }

            if (asking)
            {
                _pending.Enqueue(new PendingReply(null, 0, null));
            }

            _pending.Enqueue(reply);
        }
    }

    private async Task ReceiveAsync()
    {
        try
        {
            Func<IReadOnlyList<Memory<byte>>?> destination = NextDestination;
            while (true)
            {
                RespHeader header = await _reader.ReadHeaderAsync(destination).ConfigureAwait(false);
                if (header.Type is RespType.Push or RespType.Attribute)
                {
                    // Nobody's answer: a notice, or a remark on the answer that follows.
                    await _reader.ReadValueAsync(header with { Type = RespType.Array }).ConfigureAwait(false);
                    continue;
                }

                await DeliverAsync(header, Next()).ConfigureAwait(false);
            }
        }
        catch (Exception error)
        {
            Abort(Lost(error));
        }

        FailAll();
    }

    private async ValueTask DeliverAsync(RespHeader header, PendingReply reply)
    {
        try
        {
            RespValue value;
            if (reply.Destination is null || header.Type != RespType.Bulk)
            {
                value = await _reader.ReadValueAsync(header).ConfigureAwait(false);
            }
            else if (header.Number == reply.DestinationBytes)
            {
                await _reader.ReceiveAsync(header.Number, reply).ConfigureAwait(false);
                value = RespValue.OfReceived(header.Number);
            }
            else
            {
                await _reader.DropAsync(header.Number).ConfigureAwait(false);
                value = RespValue.OfReceived(header.Number);
            }

            reply.Complete(value);
        }
        catch (Exception error)
        {
            Abort(Lost(error));
            reply.Fail(_fault!);
            throw;
        }
    }

    private PendingReply Next()
    {
        lock (_lock)
        {
            return _pending.TryDequeue(out PendingReply? reply)
                ? reply
                : throw new RespProtocolException("an answer came that nobody asked for");
        }
    }

    /// <summary>Where the next answer's body goes; null: nowhere of the caller's.</summary>
    private IReadOnlyList<Memory<byte>>? NextDestination()
    {
        lock (_lock)
        {
            return _pending.TryPeek(out PendingReply? reply) ? reply.Destination : null;
        }
    }

    private void FailAll()
    {
        while (true)
        {
            PendingReply? reply;
            lock (_lock)
            {
                if (!_pending.TryDequeue(out reply))
                {
                    return;
                }
            }

            reply.Fail(_fault!);
        }
    }

    private RedisUnavailableException Lost(Exception error) => new(
        error switch
        {
            EndOfStreamException => $"Redis at {Endpoint} closed the connection",
            RespProtocolException => $"Redis at {Endpoint} broke the protocol: {error.Message}",
            _ => $"the connection to Redis at {Endpoint} was lost: {error.Message}",
        },
        error);
}
