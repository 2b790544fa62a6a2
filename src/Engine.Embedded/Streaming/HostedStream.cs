namespace KVCluster.Engine.Embedded;

/// <summary>A stream at the grain that makes it.</summary>
internal abstract class HostedStream
{
    /// <summary>Whether a read has begun or ended since this was last looked at.</summary>
    protected bool WasRead { get; set; }

    /// <summary>Whether a read waits for an element.</summary>
    protected bool IsBeingRead { get; set; }

    /// <summary>Whether nobody asked since this was last called.</summary>
    public bool IsForgotten()
    {
        var forgotten = !WasRead && !IsBeingRead;
        WasRead = false;
        return forgotten;
    }

    /// <summary>Cancels the stream's token, waits for the step that runs and disposes the enumerator.</summary>
    public abstract Task CloseAsync();
}

/// <summary>A stream of <typeparamref name="T"/> at the grain that makes it.</summary>
internal sealed class HostedStream<T> : HostedStream
{
    private readonly CancellationTokenSource _cancellation = new();
    private readonly IAsyncEnumerator<T> _enumerator;
    private readonly int _maxBatchSize;
    private Task<bool>? _step;

    public HostedStream(StreamMethod<T> method, object grain, object?[] arguments, int maxBatchSize)
    {
        _maxBatchSize = maxBatchSize;
        _enumerator = method.Invoke(grain, arguments, _cancellation.Token).GetAsyncEnumerator(_cancellation.Token);
    }

    /// <summary>What is ready, or the first element to become so within the longest wait.</summary>
    public async Task<StreamResult<T>> ReadAsync(TimeSpan longestWait, TimeProvider time, CancellationToken token)
    {
        WasRead = true;
        try
        {
            if (_step is null && TakeReady() is { } ready)
            {
                return ready;
            }

            return await AwaitStepAsync(longestWait, time, token);
        }
        catch (Exception exception)
        {
            return new StreamResult<T>(StreamStatus.Failed, null, exception);
        }
    }

    public override async Task CloseAsync()
    {
        try
        {
            _cancellation.Cancel();
        }
        finally
        {
            // Also where code on the token fails: what the enumerator holds is given back.
            if (_step is { } step)
            {
                await ((Task)step).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            }

            await _enumerator.DisposeAsync();
            _cancellation.Dispose();
        }
    }

    private StreamResult<T>? TakeReady()
    {
        List<T>? items = null;
        while (items is null || items.Count < _maxBatchSize)
        {
            var step = _enumerator.MoveNextAsync();
            if (!step.IsCompletedSuccessfully)
            {
                _step = step.AsTask();
                break;
            }

            if (!step.Result)
            {
                return new StreamResult<T>(StreamStatus.Completed, items);
            }

            (items ??= []).Add(DeepCopier.Copy(_enumerator.Current));
        }

        return items is null ? null : new StreamResult<T>(StreamStatus.More, items);
    }

    private async Task<StreamResult<T>> AwaitStepAsync(TimeSpan longestWait, TimeProvider time, CancellationToken token)
    {
        var step = _step!;
        IsBeingRead = true;
        if (!step.IsCompleted)
        {
            await ((Task)step.WaitAsync(longestWait, time, token))
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        IsBeingRead = false;
        WasRead = true;
        if (!step.IsCompleted)
        {
            return new StreamResult<T>(token.IsCancellationRequested ? StreamStatus.Cancelled : StreamStatus.Waiting);
        }

        _step = null;
        return step.IsCanceled ? new StreamResult<T>(StreamStatus.Cancelled)
            : await step ? new StreamResult<T>(StreamStatus.More, [DeepCopier.Copy(_enumerator.Current)])
            : new StreamResult<T>(StreamStatus.Completed);
    }
}
