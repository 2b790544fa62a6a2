using Orleans;
using Orleans.Runtime;

namespace KVCluster.Engine.Embedded;

/// <summary>The life of an activation: it begins, ends, moves or vanishes.</summary>
internal sealed partial class Activation
{
    private static readonly TimeSpan LongestHook = TimeSpan.FromSeconds(30);

    private IStateBridge[] _states = [];
    private volatile ActivationState _state = ActivationState.Activating;
    private Func<Task>? _operation;
    private bool _operating;
    private DeactivationReason _reason;
    private Dictionary<string, object>? _migrationContext;
    private bool _migrates;
    private CancellationTokenSource? _activating;
    private TaskCompletionSource? _deactivated;
    private long _keptUntil;

    public Task Deactivated
    {
        get
        {
            lock (_waiting)
            {
                return _state is ActivationState.Invalid ? Task.CompletedTask
                    : (_deactivated ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
        }
    }

    public bool HasEnded => _state is ActivationState.Invalid;

    /// <summary>Begins the activation.</summary>
    /// <param name="context">The request context of the call that needs it, or of the migration.</param>
    /// <param name="travelled">What its last place sent; null when it does not migrate.</param>
    public void Start(Dictionary<string, object>? context, MigrationContext? travelled)
    {
        lock (_waiting)
        {
            _operation = () => ActivateAsync(context, travelled);
            Wake();
        }
    }

    public void AddState(IStateBridge state) => _states = [.. _states, state];

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        CancellationTokenSource? activating = null;
        lock (_waiting)
        {
            if (_state is ActivationState.Activating or ActivationState.Valid)
            {
                var wasValid = _state is ActivationState.Valid;
                activating = _activating;
                _reason = deactivationReason;
                _state = ActivationState.Deactivating;
                _operation = () => DeactivateAsync(wasValid, cancellationToken);
                Wake();
            }
        }

        if (activating is not null)
        {
            // In a turn: what the hook does when it is told is its own, and so are its errors. The hook may have ended by then.
            RunInTurn(static source => ((CancellationTokenSource)source!).Cancel(), activating);
        }
    }

    public void Migrate(Dictionary<string, object>? requestContext, CancellationToken cancellationToken = default)
    {
        lock (_waiting)
        {
            _migrationContext = _migrates ? _migrationContext : requestContext;
            _migrates = true;
        }

        Deactivate(new DeactivationReason(DeactivationReasonCode.Migrating, null, "Migrating to a new location."), cancellationToken);
    }

    public void DelayDeactivation(TimeSpan time)
        => Volatile.Write(ref _keptUntil, time == TimeSpan.MaxValue || time == Timeout.InfiniteTimeSpan ? long.MaxValue
            : time <= TimeSpan.Zero ? 0 : Silo.Cluster.DeadlineAfter(time));

    /// <summary>Ends the activation if nothing has used it for its age limit.</summary>
    public void CollectIfIdle(long now)
    {
        lock (_waiting)
        {
            if (_state is not ActivationState.Valid || _waiting.Count > 0 || _running.Count > 0)
            {
                return;
            }

            TrimQueues();
            if (Volatile.Read(ref _keptUntil) > now || Silo.Time.GetElapsedTime(_lastUse, now) < Silo.Collection.CollectionAge)
            {
                return;
            }
        }

        Deactivate(new DeactivationReason(DeactivationReasonCode.ActivationIdle, null, "The activation was idle for its age limit."));
    }

    /// <summary>Vanishes, as at the end of a process.</summary>
    public void Kill()
    {
        GrainCall[] calls;
        lock (_waiting)
        {
            _state = ActivationState.Invalid;
            calls = [.. _waiting.TakeAll(), .. _running];
            _tasks = null;
            _operation = null;
        }

        EndTimers(timer => timer.Kill());
        _deactivated?.TrySetResult();
        foreach (var call in calls)
        {
            call.TryFail(new SiloUnavailableException($"The target silo became unavailable for message: {call}."));
            call.End();
        }
    }

    private bool TryTakeOperation(out Func<Task>? operation)
    {
        operation = _operating || _running.Count > 0 ? null : _operation;
        if (operation is null)
        {
            return false;
        }

        _operation = null;
        _operating = true;
        return true;
    }

    private async Task RunOperationAsync(Func<Task> operation)
    {
        try
        {
            await operation();
        }
        catch (Exception exception)
        {
            Silo.Log.LifecycleFailed(exception, this);
        }
        finally
        {
            lock (_waiting)
            {
                _operating = false;
                Wake();
            }
        }
    }

    private async Task ActivateAsync(Dictionary<string, object>? context, MigrationContext? travelled)
    {
        RequestContext.Current = context;
        using var timeout = new CancellationTokenSource(LongestHook, Silo.Time);
        try
        {
            _activating = timeout;
            GrainInstance = (Grain)Class.Create(this);
            if (travelled is not null)
            {
                Array.ForEach(_states, state => state.Rehydrate(travelled));
                (GrainInstance as IGrainMigrationParticipant)?.OnRehydrate(travelled);
            }

            foreach (var state in _states)
            {
                await state.SetUpAsync(timeout.Token).WaitAsync(timeout.Token);
            }

            await GrainInstance.OnActivateAsync(timeout.Token).WaitAsync(timeout.Token);
        }
        catch (Exception exception)
        {
            lock (_waiting)
            {
                // One that was told to end while it began ends as one that never was: its calls go to the next.
                if (_state is ActivationState.Activating)
                {
                    _reason = new DeactivationReason(DeactivationReasonCode.ActivationFailed, exception, "Failed to activate grain.");
                    _state = ActivationState.Deactivating;
                    _operation = () => EndAsync(null, exception);
                }
            }

            Silo.Log.ActivationFailed(exception, this);
        }
        finally
        {
            _activating = null;
        }

        lock (_waiting)
        {
            if (_state is ActivationState.Activating)
            {
                _lastUse = Silo.Time.GetTimestamp();
                _state = ActivationState.Valid;
            }
        }
    }

    private async Task DeactivateAsync(bool wasValid, CancellationToken cancellationToken)
    {
        EndTimers(timer => timer.Dispose());
        using var timeout = new CancellationTokenSource(LongestHook, Silo.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        Activation? successor = null;
        try
        {
            var hookRan = !wasValid || await TryHookAsync(either.Token);
            if (_enumerators is not null)
            {
                await _enumerators.DisposeAsync();
            }

            if (wasValid && hookRan && _migrates)
            {
                successor = await MigrateAsync(_migrationContext);
            }
        }
        catch (Exception exception)
        {
            Silo.Log.LifecycleFailed(exception, this);
        }

        await EndAsync(successor, null);
    }

    private async Task<bool> TryHookAsync(CancellationToken cancellationToken)
    {
        try
        {
            await GrainInstance!.OnDeactivateAsync(_reason, cancellationToken).WaitAsync(cancellationToken);
            return true;
        }
        catch (Exception exception)
        {
            Silo.Log.LifecycleFailed(exception, this);
            return false;
        }
    }

    private async Task<Activation?> MigrateAsync(Dictionary<string, object>? context)
    {
        var target = await Silo.Cluster.Locator.ChooseAsync(Class, GrainId, context, Silo);
        if (ReferenceEquals(target, Silo))
        {
            return null;
        }

        var luggage = new MigrationContext();
        (GrainInstance as IGrainMigrationParticipant)?.OnDehydrate(luggage);
        Array.ForEach(_states, state => state.Dehydrate(luggage));
        return Silo.Cluster.Locator.Transfer(this, target, context, luggage);
    }

    private async Task EndAsync(Activation? successor, Exception? failure)
    {
        try
        {
            await DisposeInstanceAsync();
        }
        catch (Exception exception)
        {
            Silo.Log.LifecycleFailed(exception, this);
        }

        GrainCall[] calls;
        lock (_waiting)
        {
            _state = ActivationState.Invalid;
            calls = _waiting.TakeAll();
        }

        if (successor is null)
        {
            Silo.Cluster.Locator.Unregister(this);
        }

        Silo.Remove(this);
        _deactivated?.TrySetResult();
        foreach (var call in calls)
        {
            call.Receiver = null;
            if (failure is not null || call.Is(CallKind.LocalOnly))
            {
                call.TryFail(failure ?? new OrleansMessageRejectionException($"{this} has ended."));
                call.End();
            }
            else
            {
                Silo.Cluster.Locator.Dispatch(call);
            }
        }
    }

    private async Task DisposeInstanceAsync()
    {
        EndTimers(timer => timer.Dispose());
        if (GrainInstance is IAsyncDisposable asyncDisposable)
        {
            await asyncDisposable.DisposeAsync();
        }
        else
        {
            (GrainInstance as IDisposable)?.Dispose();
        }
    }
}
