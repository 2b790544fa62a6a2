using System.Diagnostics;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace KVCluster.Engine.Embedded;

/// <summary>One call on its way to an activation, or running there. It completes once: with the answer, by the timeout or by cancellation.</summary>
internal abstract class GrainCall(GrainMethod? method, object?[] arguments, CallKind kind) : IInvokable
{
    private CancellationTokenRegistration _registration;
    private bool _rejected;

    public object?[] Arguments { get; } = arguments;

    public CallKind Kind { get; } = kind;

    public GrainId Target { get; init; }

    /// <summary>The caller's request context. It is shared and hence never changed.</summary>
    public Dictionary<string, object>? Context { get; set; }

    /// <summary>The caller's span: what the callee does is below it.</summary>
    public Activity? Caller { get; } = Activity.Current;

    /// <summary>The caller's silo; null for a client.</summary>
    public EmbeddedSilo? Sender { get; set; }

    public TimeSpan Timeout { get; init; }

    /// <summary>The timestamp after which the caller no longer waits.</summary>
    public long Deadline { get; set; } = long.MaxValue;

    /// <summary>The source of the token that the callee got; null when it takes none.</summary>
    public CancellationTokenSource? Cancellation { get; init; }

    /// <summary>The activation that has the call; null while one is being placed.</summary>
    public Activation? Receiver { get; set; }

    public abstract bool IsCompleted { get; }

    /// <summary>Whether it need not run any more: nobody waits for it.</summary>
    public bool IsAbandoned => _rejected || (IsCompleted && !Is(CallKind.OneWay));

    public bool Is(CallKind kind) => (Kind & kind) != 0;

    public abstract bool TryFail(Exception exception);

    /// <summary>Fails the call, which shall not run.</summary>
    public void Reject(Exception exception)
    {
        _rejected = true;
        TryFail(exception);
    }

    /// <summary>Runs the call in a turn of the activation; the task ends when the call has.</summary>
    public abstract Task RunAsync(Activation activation);

    public void CancelWith(CancellationToken callerToken)
    {
        if (callerToken.CanBeCanceled)
        {
            _registration = callerToken.UnsafeRegister(
                static (state, token) => ((GrainCall)state!).OnCallerCancelled(token), this);
        }
    }

    public void OnTimeout()
    {
        if (TryFail(new TimeoutException($"Response did not arrive on time in {Timeout} for message: {this}.")))
        {
            Abandon(cancelCallee: false);
        }
    }

    /// <summary>Gives back what the call holds. Called when it has run, or never will.</summary>
    public void End() => _registration.Dispose();

    public int GetArgumentCount() => Arguments.Length;

    public object? GetArgument(int index) => Arguments[index];

    public string GetMethodName() => method?.Info.Name ?? string.Empty;

    public override string ToString()
        => $"{(Is(CallKind.OneWay) ? "one-way request" : "request")} {(method is null ? "of the engine" : $"{method.Interface.Name}.{method.Info.Name}")} to {Target}";

    private void OnCallerCancelled(CancellationToken token)
    {
        if (TryFail(new OperationCanceledException(token)))
        {
            Abandon(cancelCallee: true);
        }
    }

    private void Abandon(bool cancelCallee)
    {
        if (Receiver is { } receiver)
        {
            receiver.Withdraw(this, cancelCallee);
        }
        else if (cancelCallee)
        {
            Cancellation?.Cancel();
        }
    }
}

/// <summary>How a call is treated.</summary>
[Flags]
internal enum CallKind
{
    None = 0,
    AlwaysInterleave = 1,
    ReadOnly = 2,
    OneWay = 4,

    /// <summary>For this one activation: it goes down with it.</summary>
    LocalOnly = 8,

    /// <summary>Does not count as use of the activation.</summary>
    NoKeepAlive = 16,
}
