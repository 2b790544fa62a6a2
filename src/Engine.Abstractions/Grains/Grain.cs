using Orleans.Runtime;

namespace Orleans;

/// <summary>The base class of grains.</summary>
public abstract class Grain : IGrainBase, IAddressable
{
    // The activation that makes this grain.
    private readonly IGrainContext? _context = RuntimeContext.Current;

    /// <summary>The activation.</summary>
    public IGrainContext GrainContext => _context
        ?? throw new InvalidOperationException("A grain is made by the engine: get a reference to it from an IGrainFactory.");

    /// <summary>Makes references to other grains.</summary>
    protected IGrainFactory GrainFactory => GrainContext.GrainFactory;

    /// <summary>Called before the first call. An error of it is the answer to the calls that wait.</summary>
    public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Called when the activation ends, unless its silo is killed. Best effort: write state at the end of a turn, not here.</summary>
    public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Ends this activation after the turns that run.</summary>
    protected void DeactivateOnIdle()
        => GrainContext.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, null, $"{nameof(DeactivateOnIdle)} was called."));

    /// <summary>Moves this activation to another silo after the turns that run. Placement reads the caller's request context.</summary>
    protected void MigrateOnIdle() => GrainContext.Migrate(RequestContext.Current);

    /// <summary>Keeps this activation from being collected for a time; a time of zero or less withdraws that.</summary>
    protected void DelayDeactivation(TimeSpan timeSpan) => GrainContext.DelayDeactivation(timeSpan);
}
