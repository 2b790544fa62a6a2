namespace Orleans.Runtime;

/// <summary>One activation of a grain, as its code sees it. The engine implements it, and nobody else can.</summary>
public interface IGrainContext
{
    /// <summary>A reference to the grain.</summary>
    GrainReference GrainReference { get; }

    /// <summary>The grain's identity.</summary>
    GrainId GrainId { get; }

    /// <summary>The activation's identity.</summary>
    ActivationId ActivationId { get; }

    internal IGrainFactory GrainFactory { get; }

    /// <summary>Ends the activation once it is idle. Calls that wait or come later go to the next activation.</summary>
    void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);

    /// <summary>Ends the activation once it is idle and begins it on another silo, chosen by placement with this request context.</summary>
    void Migrate(Dictionary<string, object>? requestContext, CancellationToken cancellationToken = default);

    internal void DelayDeactivation(TimeSpan time);

    internal IGrainTimer RegisterTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options);

    internal void EnterReentrantSection(Guid id);

    internal void LeaveReentrantSection(Guid id);
}
