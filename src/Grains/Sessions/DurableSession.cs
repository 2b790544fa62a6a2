using Orleans.Runtime;

namespace KVCluster.Grains;

/// <summary>
/// A session's state in its store. One write at a time; a write that failed leaves the state before in memory, but what the store then
/// holds is not known, so the activation must end and the next one read it.
/// </summary>
internal sealed class DurableSession(IPersistentState<SessionState> store, SessionId id, TimeSpan timeout, TimeProvider time)
{
    private Task? _writing;

    /// <summary>Whether a write failed: this activation no longer knows what is durable.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Makes durable what <paramref name="next"/> says, which is asked when no other write is under way.</summary>
    /// <param name="next">The state to write, made of the one that was written last.</param>
    /// <param name="adopt">
    /// Told the state once it is durable, before any other write is asked for its own: who waits for this one goes on within its end.
    /// </param>
    /// <exception cref="SessionUnavailableException">It failed, took too long, or another activation has written.</exception>
    public Task WriteAsync(Func<SessionState> next, Action<SessionState> adopt) => AloneAsync(async () =>
    {
        SessionState before = store.State;
        store.State = SharedOptions.In(next());
        long start = time.GetTimestamp();
        try
        {
            await store.WriteStateAsync().WaitAsync(timeout, time);
            GrainMetrics.Wrote(time.GetElapsedTime(start).TotalSeconds);
        }
        catch (Exception error)
        {
            IsLost = true;
            store.State = before;
            throw new SessionUnavailableException(Message(error));
        }

        adopt(store.State);
    });

    /// <summary>Removes the state, as the last thing that is done with it. Where it fails, what was written last may still be there.</summary>
    /// <exception cref="SessionUnavailableException">It failed, took too long, or another activation has written.</exception>
    public Task ClearAsync() => AloneAsync(async () =>
    {
        try
        {
            await store.ClearStateAsync().WaitAsync(timeout, time);
        }
        catch (Exception error)
        {
            throw new SessionUnavailableException(Message(error));
        }
    });

    /// <summary>Runs an operation when no other is under way, unless the state was lost by then.</summary>
    private async Task AloneAsync(Func<Task> operation)
    {
        // All of this runs in the session's turns: nothing comes between the look and the note.
        while (_writing is { } earlier)
        {
            await earlier;
        }

        var done = new TaskCompletionSource();
        _writing = done.Task;
        try
        {
            ThrowIfLost();
            await operation();
        }
        finally
        {
            _writing = null;
            done.SetResult();
        }
    }

    private void ThrowIfLost()
    {
        if (IsLost)
        {
            throw new SessionUnavailableException($"session {id} is starting over after its state could not be written");
        }
    }

    private string Message(Exception error) => error switch
    {
        Orleans.Storage.InconsistentStateException => $"session {id} has moved: another activation has written its state",
        TimeoutException => $"session {id}: its state took over {timeout.TotalSeconds:0.#} s to write; whether the turn counts is not known",
        _ => $"session {id}: its state could not be written: {error.Message}",
    };
}
