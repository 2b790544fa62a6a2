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

    public override object Send(GrainFactory factory, GrainReference target, object?[] arguments)
    {
        Isolate(arguments);
        return new RemoteEnumerable<T>(factory, target.GrainId, this, arguments);
    }

    public IAsyncEnumerable<T> Invoke(object grain, object?[] arguments, CancellationToken token)
    {
        if (TokenIndex < 0)
        {
            return _invoke(grain, arguments);
        }

        var own = (object?[])arguments.Clone();
        own[TokenIndex] = token;
        return _invoke(grain, own);
    }

    public CancellationToken TokenOf(object?[] arguments) => TokenIndex < 0 ? default : (CancellationToken)arguments[TokenIndex]!;
}

/// <summary>A stream of a grain, as its reader sees it. Nothing is called until it is read.</summary>
internal sealed class RemoteEnumerable<T>(GrainFactory factory, GrainId target, StreamMethod<T> method, object?[] arguments) : IAsyncEnumerable<T>
{
    public int MaxBatchSize { get; set; } = 100;

    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default)
        => new RemoteEnumerator<T>(factory, target, method, arguments, MaxBatchSize, cancellationToken);
}

/// <summary>
/// Reads a grain's stream: the first call begins it at the grain, each further one fetches what is ready or waits, and disposal ends it there. A
/// wait that lasts long is answered with a heartbeat, so that no call runs into the response timeout.
/// </summary>
internal sealed class RemoteEnumerator<T> : IAsyncEnumerator<T>
{
    private static long _lastId;

    private readonly GrainFactory _factory;
    private readonly GrainId _target;
    private readonly StreamMethod<T> _method;
    private readonly object?[] _arguments;
    private readonly int _maxBatchSize;
    private readonly CancellationTokenSource? _linked;
    private readonly CancellationToken _token;
    private readonly long _id = Interlocked.Increment(ref _lastId);
    private StreamResult<T> _result;
    private int _index;
    private bool _started;
    private bool _disposed;

    public RemoteEnumerator(
        GrainFactory factory, GrainId target, StreamMethod<T> method, object?[] arguments, int maxBatchSize, CancellationToken token)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBatchSize, 1);
        (_factory, _target, _method, _arguments, _maxBatchSize) = (factory, target, method, arguments, maxBatchSize);
        var given = method.TokenOf(arguments);
        if (given.CanBeCanceled && token.CanBeCanceled && given != token)
        {
            _linked = CancellationTokenSource.CreateLinkedTokenSource(given, token);
            _token = _linked.Token;
        }
        else
        {
            _token = token.CanBeCanceled ? token : given;
        }
    }

    public T Current => _result.Items is { } items && _index < items.Count ? items[_index]
        : throw new InvalidOperationException("There is no current element.");

    public async ValueTask<bool> MoveNextAsync()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_result.Items is { } items && ++_index < items.Count)
        {
            return true;
        }

        if (_result.Status is StreamStatus.Completed)
        {
            _result = new StreamResult<T>(StreamStatus.Completed);
            return false;
        }

        var active = _started;
        try
        {
            do
            {
                _token.ThrowIfCancellationRequested();
                active = true;
                _result = await PollAsync();
                _started = true;
                active = _result.Status is StreamStatus.More or StreamStatus.Waiting;
            }
            while (_result.Status is StreamStatus.Waiting);

            _index = 0;
            return _result.Status switch
            {
                StreamStatus.Failed => Rethrow(_result.Error!),
                StreamStatus.Cancelled => throw new OperationCanceledException(_token),
                StreamStatus.Unknown => throw new EnumerationAbortedException(
                    "Enumeration aborted: the remote target does not have a record of this enumerator. This likely indicates that the remote grain "
                    + "was deactivated since enumeration begun or that the enumerator was idle for longer than the expiration period."),
                _ => _result.Items is not null,
            };
        }
        catch when (active)
        {
            await EndRemoteAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (_started && _result.Status is StreamStatus.More or StreamStatus.Waiting)
        {
            await EndRemoteAsync();
        }

        _linked?.Dispose();
    }

    private static bool Rethrow(Exception error)
    {
        ExceptionDispatchInfo.Throw(error);
        return false;
    }

    private Task<StreamResult<T>> PollAsync()
    {
        var first = !_started;
        return Send((activation, token) => first
            ? activation.Enumerators.StartAsync(_id, _method, _arguments, _maxBatchSize, token)
            : activation.Enumerators.MoveNextAsync<T>(_id, token), _token);
    }

    // The reader leaves in any case: what goes wrong at the grain's end is cleaned up there.
    private async Task EndRemoteAsync()
        => await ((Task)Send(async (activation, _) =>
        {
            await activation.Enumerators.RemoveAsync(_id);
            return default(NoResult);
        }, default)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

    private Task<TResult> Send<TResult>(Func<Activation, CancellationToken, Task<TResult>> body, CancellationToken token)
    {
        var timeout = _factory.Messaging.ResponseTimeout;
        var call = new TurnCall<TResult>(body, CallKind.AlwaysInterleave)
        {
            Target = _target,
            Context = DeepCopier.CopyContext(RequestContext.Current),
            Sender = RuntimeContext.Current?.Silo ?? _factory.Silo,
            Timeout = timeout,
            Deadline = _factory.Cluster.DeadlineAfter(timeout),
            Cancellation = token.CanBeCanceled ? new CancellationTokenSource() : null,
        };
        call.CancelWith(token);
        _factory.Cluster.Locator.Dispatch(call);
        return call.Answer;
    }
}
