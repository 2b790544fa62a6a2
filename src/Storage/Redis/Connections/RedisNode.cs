namespace KVCluster.Storage.Redis.Connections;

/// <summary>
/// The connections to one server. They are opened when calls need them; a server that failed is left alone for a while, and calls for it
/// fail at once meanwhile.
/// </summary>
internal sealed class RedisNode(RedisEndpoint endpoint, RedisOptions options, TimeProvider time) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly RedisConnection?[] _open = new RedisConnection?[options.Connections];
    private readonly Task<RedisConnection>?[] _opening = new Task<RedisConnection>?[options.Connections];
    private readonly CancellationTokenSource _closing = new();
    private int _failures;
    private long _failedAt;
    private TimeSpan _pause;
    private Exception? _failure;

    /// <summary>Where it listens.</summary>
    public RedisEndpoint Endpoint => endpoint;

    /// <summary>Whether calls fail at once, since it failed a moment ago.</summary>
    public bool IsPaused
    {
        get
        {
            lock (_lock)
            {
                return Pausing;
            }
        }
    }

    private bool Pausing => _failure is not null && time.GetElapsedTime(_failedAt) < _pause;

    /// <summary>
    /// The connection for the next call: an idle one; else the least busy, while a further one is opened up to the number allowed.
    /// </summary>
    /// <exception cref="RedisUnavailableException">There is none, and it cannot be opened.</exception>
    public async ValueTask<RedisConnection> ConnectionAsync(CancellationToken cancellationToken)
    {
        Task<RedisConnection> opening;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);
            RedisConnection? best = LeastBusy(out int vacant);
            if (best is null && Pausing)
            {
                throw new RedisUnavailableException($"{_failure!.Message} (tried again later)", _failure) { NotSent = true };
            }

            if (best?.CallsInFlight > 0 && vacant >= 0 && !Pausing)
            {
                Open(vacant);
            }

            if (best is not null)
            {
                return best;
            }

            opening = _opening.FirstOrDefault(o => o is not null) ?? Open(vacant);
        }

        return await opening.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Notes that the server failed: it is left alone for a while.</summary>
    public void Failed(Exception reason)
    {
        lock (_lock)
        {
            if (Pausing)
            {
                return;
            }

            _failures++;
            _failure = reason;
            _failedAt = time.GetTimestamp();
            _pause = ReconnectBackoff.Delay(options.BackoffFirst, options.BackoffLast, _failures, Random.Shared.NextDouble());
        }
    }

    /// <summary>Notes that the server answered.</summary>
    public void Answered()
    {
        if (Volatile.Read(ref _failures) != 0)
        {
            lock (_lock)
            {
                _failures = 0;
                _failure = null;
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        Task<RedisConnection>[] opening;
        RedisConnection[] open;
        lock (_lock)
        {
            opening = [.. _opening.OfType<Task<RedisConnection>>()];
            open = [.. _open.OfType<RedisConnection>()];
        }

        foreach (Task<RedisConnection> task in opening)
        {
            await ((Task)task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (task.IsCompletedSuccessfully)
            {
                await task.Result.DisposeAsync().ConfigureAwait(false);
            }
        }

        foreach (RedisConnection connection in open)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The open connection with the fewest bytes on their way, and a place for a further one, or -1.</summary>
    private RedisConnection? LeastBusy(out int vacant)
    {
        RedisConnection? best = null;
        vacant = -1;
        for (int i = 0; i < _open.Length; i++)
        {
            RedisConnection? connection = _open[i];
            if (connection is not { IsOpen: true })
            {
                _open[i] = null;
                vacant = vacant < 0 && _opening[i] is null ? i : vacant;
            }
            else if (best is null || connection.BytesInFlight < best.BytesInFlight)
            {
                best = connection;
            }
        }

        return best;
    }

    private Task<RedisConnection> Open(int place)
    {
        Task<RedisConnection> opening = Task.Run(() => OpenAsync(place));
        _opening[place] = opening;

        // One opened for later calls has nobody who waits for it; its failure is noted in OpenAsync.
        _ = opening.ContinueWith(
            static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return opening;
    }

    private async Task<RedisConnection> OpenAsync(int place)
    {
        RedisConnection? connection = null;
        try
        {
            using var timeout = new CancellationTokenSource(options.ConnectTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _closing.Token);
            try
            {
                Stream stream = await RedisTransport.OpenAsync(endpoint, options.Tls, either.Token).ConfigureAwait(false);
                connection = new RedisConnection(endpoint, stream);
                await RedisHandshake.RunAsync(connection, options, either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (timeout.IsCancellationRequested)
            {
                throw new RedisUnavailableException(
                    $"Redis at {endpoint} did not take a connection within {options.ConnectTimeout.TotalSeconds:0.###} s")
                {
                    NotSent = true,
                };
            }

            lock (_lock)
            {
                _open[place] = connection;
                _opening[place] = null;
            }

            return connection;
        }
        catch (Exception error)
        {
            if (connection is not null)
            {
                await connection.DisposeAsync().ConfigureAwait(false);
            }

            Failed(error);
            lock (_lock)
            {
                _opening[place] = null;
            }

            throw;
        }
    }
}
