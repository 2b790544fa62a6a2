namespace Orleans.Runtime;

/// <summary>One activation of a grain, as its code and its extensions see it.</summary>
public interface IGrainContext : IEquatable<IGrainContext>
{
    /// <summary>A reference to the grain.</summary>
    GrainReference GrainReference { get; }

    /// <summary>The grain's identity.</summary>
    GrainId GrainId { get; }

    /// <summary>The grain; null until it is made.</summary>
    object? GrainInstance { get; }

    /// <summary>The activation's identity.</summary>
    ActivationId ActivationId { get; }

    /// <summary>The services of this activation: a scope of the silo's, ended with the activation.</summary>
    IServiceProvider ActivationServices { get; }

    /// <summary>Completes when the activation has ended.</summary>
    Task Deactivated { get; }

    /// <summary>Ends the activation once it is idle. Calls that wait or come later go to the next activation.</summary>
    void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);

    /// <summary>Ends the activation once it is idle and begins it on another silo, chosen by placement with this request context.</summary>
    void Migrate(Dictionary<string, object>? requestContext, CancellationToken cancellationToken = default);
}

/// <summary>The activation whose turn runs.</summary>
public interface IGrainContextAccessor
{
    /// <summary>The activation whose turn runs.</summary>
    /// <exception cref="InvalidOperationException">No grain's turn runs here.</exception>
    IGrainContext GrainContext { get; }
}
