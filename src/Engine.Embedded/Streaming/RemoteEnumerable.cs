using System.Reflection;
using System.Runtime.ExceptionServices;
using Orleans.Runtime;

namespace KVCluster.Engine.Embedded;

/// <summary>A method that returns a stream.</summary>
internal sealed class StreamMethod<T> : GrainMethod
{
    private readonly Func<object, object?[], IAsyncEnumerable<T>> _invoke;

    public StreamMethod(MethodInfo info)
        : base(info) => _invoke = Compile<IAsyncEnumerable<T>>(call => call);

    public override object Send(GrainFactory factory, GrainId target, object?[] arguments)
    {
        Isolate(arguments);
        return new RemoteEnumerable<T>(factory, target, this, arguments, TokenOf(arguments));
    }

    public IAsyncEnumerable<T> Invoke(object grain, object?[] arguments, CancellationToken token)
    {
        var own = (object?[])arguments.Clone();
        if (TokenIndex >= 0)
        {
            own[TokenIndex] = token;
        }

        return _invoke(grain, own);
    }
}

/// <summary>
/// A stream of a grain, as its reader sees it. Nothing is called until it is read: the first call begins it at the grain, each further one fetches
/// what is ready or waits, and disposal ends it there. A wait that lasts long is answered with a heartbeat, so that no call runs into the response
/// timeout.
/// </summary>
internal sealed class RemoteEnumerable<T>(
    GrainFactory factory, GrainId target, StreamMethod<T> method, object?[] arguments, CancellationToken given) : IAsyncEnumerable<T>, IGrainStream
{
    private static long _lastId;

    public int MaxBatchSize { get; set; } = 100;

    public async IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        using var either = given.CanBeCanceled && cancellationToken.CanBeCanceled && given != cancellationToken
            ? CancellationTokenSource.CreateLinkedTokenSource(given, cancellationToken) : null;
        var token = either?.Token ?? (cancellationToken.CanBeCanceled ? cancellationToken : given);
        var id = Interlocked.Increment(ref _lastId);
        var batchSize = MaxBatchSize;
        var isOpen = false;
        try
        {
            token.ThrowIfCancellationRequested();
            isOpen = true;
            var result = await Send<StreamResult<T>>((activation, cut) => activation.Enumerators.StartAsync(id, method, arguments, batchSize, cut), token);
            while (true)
            {
                isOpen = result.Status is StreamStatus.More or StreamStatus.Waiting;
                foreach (var item in result.Items ?? [])
                {
                    yield return item;
                }

                ThrowIfBroken(result, token);
                if (!isOpen)
                {
                    yield break;
                }

                token.ThrowIfCancellationRequested();
                result = await Send<StreamResult<T>>((activation, cut) => activation.Enumerators.MoveNextAsync<T>(id, cut), token);
            }
        }
        finally
        {
            if (isOpen)
            {
                // The reader leaves in any case: what goes wrong at the grain's end is cleaned up there.
                await ((Task)Send<NoResult>((activation, _) => activation.Enumerators.RemoveAsync(id), default))
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            }
        }
    }

    private static void ThrowIfBroken(StreamResult<T> result, CancellationToken token)
    {
        switch (result.Status)
        {
            case StreamStatus.Failed:
                ExceptionDispatchInfo.Throw(result.Error!);
                break;
            case StreamStatus.Cancelled:
                throw new OperationCanceledException(token);
            case StreamStatus.Unknown:
                throw new EnumerationAbortedException(
                    "Enumeration aborted: the remote target does not have a record of this enumerator. This likely indicates that the remote grain "
                    + "was deactivated since enumeration begun or that the enumerator was idle for longer than the expiration period.");
        }
    }

    private Task<TResult> Send<TResult>(Func<Activation, CancellationToken, Task> body, CancellationToken token)
    {
        var call = new TurnCall<TResult>(body, CallKind.AlwaysInterleave)
        {
            Target = target,
            Timeout = factory.Messaging.ResponseTimeout,
            Cancellation = token.CanBeCanceled ? new CancellationTokenSource() : null,
        };
        factory.Send(call, token);
        return call.Answer;
    }
}
