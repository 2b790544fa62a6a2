namespace KVCluster.Storage.Redis.Protocol;

/// <summary>
/// A call whose answer is awaited. It may be given up at any time; its memory is not touched any more once <see cref="Task"/> has ended,
/// while the answer itself is still read off the connection, and counted as on its way until then.
/// </summary>
internal sealed class PendingReply(IReadOnlyList<Memory<byte>>? destination, long destinationBytes, Action? done)
{
    private readonly TaskCompletionSource<RespValue> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private Action? _done = done;
    private bool _touched;
    private bool _abandoned;

    /// <summary>Where the answer goes, or null.</summary>
    public IReadOnlyList<Memory<byte>>? Destination => destination;

    /// <summary>Bytes of <see cref="Destination"/>.</summary>
    public long DestinationBytes => destinationBytes;

    /// <summary>The answer (errors of the server among them), or why there is none.</summary>
    public Task<RespValue> Task => _result.Task;

    /// <summary>
    /// Ends the wait. Where the reader is just writing into the call's memory, <see cref="Task"/> ends a moment later, when it has let go.
    /// </summary>
    public void Abandon()
    {
        lock (_lock)
        {
            _abandoned = true;
            if (!_touched)
            {
                _result.TrySetCanceled();
            }
        }
    }

    /// <summary>Asked by the reader before each write into the call's memory; false where it must not be touched.</summary>
    public bool TryTouch()
    {
        lock (_lock)
        {
            if (_abandoned)
            {
                _result.TrySetCanceled();
                return false;
            }

            _touched = true;
            return true;
        }
    }

    /// <summary>The answer is read.</summary>
    public void Complete(RespValue value)
    {
        Interlocked.Exchange(ref _done, null)?.Invoke();
        _result.TrySetResult(value);
    }

    /// <summary>There will be none.</summary>
    public void Fail(Exception reason)
    {
        Interlocked.Exchange(ref _done, null)?.Invoke();
        _result.TrySetException(reason);
    }
}
