using System.Diagnostics;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace KVCluster.Engine.Embedded;

/// <summary>A call whose answer is a <typeparamref name="T"/>; <see cref="NoResult"/> for none.</summary>
internal abstract class GrainCall<T>(GrainMethod? method, object?[] arguments, CallKind kind) : GrainCall(method, arguments, kind)
{
    // The caller's code must not run inside the callee's turn.
    private readonly TaskCompletionSource<T>? _answer
        = (kind & CallKind.OneWay) != 0 ? null : new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Answer => _answer!.Task;

    public override bool IsCompleted => _answer is not { Task.IsCompleted: false };

    public override bool TryFail(Exception exception) => _answer is not null && _answer.TrySetException(exception);

    public sealed override async Task RunAsync(Activation activation)
    {
        if (Caller is not null)
        {
            Activity.Current = Caller;
        }

        if (Context is not null)
        {
            RequestContext.Current = Context;
        }

        try
        {
            var task = Start(activation) ?? throw new InvalidOperationException($"The grain returned null for {this}.");
            await task;
            _answer?.TrySetResult(task is Task<T> typed ? Isolate(typed.Result) : default!);
        }
        catch (Exception exception)
        {
            Fail(activation, exception);
        }
        finally
        {
            End();
            activation.OnCallEnded(this);
        }
    }

    /// <summary>Begins the call; the task is a <see cref="Task{T}"/> unless <typeparamref name="T"/> is <see cref="NoResult"/>.</summary>
    protected abstract Task? Start(Activation activation);

    protected virtual T Isolate(T result) => result;

    private void Fail(Activation activation, Exception exception)
    {
        if (exception is InconsistentStateException { IsSourceActivation: true } inconsistent)
        {
            inconsistent.IsSourceActivation = false;
            activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationError, exception, "The stored state was written by another."));
        }

        if (Is(CallKind.OneWay))
        {
            activation.Silo.Log.CallFailed(exception, this);
        }
        else
        {
            _answer!.TrySetException(exception);
        }
    }
}

/// <summary>The result of a call that has none.</summary>
internal readonly struct NoResult;

/// <summary>A call of a method of a grain's interface.</summary>
internal sealed class MethodCall<T>(GrainMethod<T> method, object?[] arguments) : GrainCall<T>(method, arguments, method.Kind)
{
    protected override Task? Start(Activation activation) => method.Invoke(activation.GrainInstance!, Arguments);

    protected override T Isolate(T result) => DeepCopier.Copy(result);
}

/// <summary>A call of the engine itself: it runs in a turn of the activation as any other.</summary>
internal sealed class TurnCall<T>(Func<Activation, CancellationToken, Task> body, CallKind kind) : GrainCall<T>(null, [], kind)
{
    protected override Task Start(Activation activation) => body(activation, Cancellation?.Token ?? CancellationToken.None);
}
