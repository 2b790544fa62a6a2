using Orleans.Runtime;

namespace Orleans;

/// <summary>A grain class. Derive from <see cref="Grain"/>, or implement this and take the context in the constructor.</summary>
public interface IGrainBase
{
    /// <summary>The activation.</summary>
    IGrainContext GrainContext { get; }

    /// <summary>Called before the first call. An error of it is the answer to the calls that wait.</summary>
    Task OnActivateAsync(CancellationToken token) => Task.CompletedTask;

    /// <summary>Called when the activation ends, unless its silo is killed.</summary>
    Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token) => Task.CompletedTask;
}
