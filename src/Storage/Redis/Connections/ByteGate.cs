namespace KVCluster.Storage.Redis.Connections;

/// <summary>
/// Lets so many bytes through at once; the rest wait in order. What is larger than the whole gate passes when nothing else is under way, so
/// that it is late rather than never.
/// </summary>
internal sealed class ByteGate(long capacity)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<(long Bytes, TaskCompletionSource Entered)> _waiting = new();
    private long _inside;

    /// <summary>Bytes let through and not out again.</summary>
    public long Inside => Interlocked.Read(ref _inside);

    /// <summary>Waits for room. A cancelled wait has taken nothing.</summary>
    public async ValueTask EnterAsync(long bytes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        LinkedListNode<(long, TaskCompletionSource Entered)> place;
        lock (_lock)
        {
            if (_waiting.Count == 0 && Fits(bytes))
            {
                _inside += bytes;
                return;
            }

            place = _waiting.AddLast((bytes, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
        }

        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(_ => Cancel(place, cancellationToken), null);
        await place.Value.Entered.Task.ConfigureAwait(false);
    }

    /// <summary>Gives room back.</summary>
    public void Exit(long bytes)
    {
        lock (_lock)
        {
            _inside -= bytes;
            Admit();
        }
    }

    private void Cancel(LinkedListNode<(long, TaskCompletionSource Entered)> place, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (place.List is not null)
            {
                _waiting.Remove(place);
                place.Value.Entered.SetCanceled(cancellationToken);
                Admit();
            }
        }
    }

    private void Admit()
    {
        while (_waiting.First is { } first && Fits(first.Value.Bytes))
        {
            _waiting.RemoveFirst();
            _inside += first.Value.Bytes;
            first.Value.Entered.SetResult();
        }
    }

    private bool Fits(long bytes) => _inside == 0 || _inside + bytes <= capacity;
}
