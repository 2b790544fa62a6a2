using KVCluster.Storage;

namespace KVCluster.Worker.Serving.Device;

/// <summary>
/// Calls of the cold store, off the device's thread, each with a time limit. Results come back as events of the inbox; a store that throws
/// or takes too long is one that is not available.
/// </summary>
internal sealed class StoreCalls(ISnapshotStore store, Inbox inbox, TimeProvider time) : IAsyncDisposable
{
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _running = [];
    private bool _closed;

    /// <summary>Calls that have not ended; from any thread.</summary>
    public int UnderWay
    {
        get
        {
            lock (_gate)
            {
                return _running.Count;
            }
        }
    }

    /// <summary>Begins a call.</summary>
    /// <param name="call">What to call.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="failed">What stands for a call that failed or took too long.</param>
    /// <param name="done">Told the outcome, on the device's thread; once.</param>
    /// <param name="released">
    /// Called on the device's thread when the store has let go of what it was given: right before <paramref name="done"/>, or, with true,
    /// after it where the time limit struck first.
    /// </param>
    /// <exception cref="ObjectDisposedException">The device has gone: nobody would take the outcome.</exception>
    public Task Begin<T>(
        Func<ISnapshotStore, CancellationToken, ValueTask<T>> call, TimeSpan limit, T failed, Action<T> done, Action<bool>? released = null)
    {
        Task task;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(DeviceWorker));
            task = Task.Run(() => RunAsync(call, limit, failed, done, released));
            _running.Add(task);
        }

        _ = task.ContinueWith(
            ended =>
            {
                lock (_gate)
                {
                    _running.Remove(ended);
                }
            },
            TaskScheduler.Default);
        return task;
    }

    /// <summary>Cancels what runs and waits until the store has let go of every cache: only then may the arena go.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        Task[] left;
        lock (_gate)
        {
            _closed = true;
            left = [.. _running];
        }

        await Task.WhenAll(left).ConfigureAwait(false);
        _closing.Dispose();
    }

    private async Task RunAsync<T>(
        Func<ISnapshotStore, CancellationToken, ValueTask<T>> call, TimeSpan limit, T failed, Action<T> done, Action<bool>? released)
    {
        using var late = new CancellationTokenSource(limit, time);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token, late.Token);
        Task<T> answer = Guarded(call, failed, cancel.Token);
        T result;
        try
        {
            result = await answer.WaitAsync(late.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // A store that does not heed its cancellation is not waited for; what it was given stays its own until it ends.
            inbox.Post(() => done(failed));
            _ = await answer.ConfigureAwait(false);
            inbox.Post(() => released?.Invoke(true));
            return;
        }

        inbox.Post(() =>
        {
            released?.Invoke(false);
            done(result);
        });
    }

    private async Task<T> Guarded<T>(Func<ISnapshotStore, CancellationToken, ValueTask<T>> call, T failed, CancellationToken cancellationToken)
    {
        try
        {
            return await call(store, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Whatever went wrong in the store, serving goes on: it is a miss or an unpublished copy.
            return failed;
        }
    }
}
