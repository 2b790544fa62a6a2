using Orleans.Runtime;

namespace Orleans;

/// <summary>What a grain can do to its own activation.</summary>
public static class GrainBaseExtensions
{
    /// <summary>Calls <paramref name="callback"/> in turns of this activation until the timer is disposed or the activation ends.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A time is negative, but not infinite, or too long.</exception>
    public static IGrainTimer RegisterGrainTimer<TState>(
        this IGrainBase grain, Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options)
        => grain.GrainContext.RegisterTimer(token => callback(state, token), options);

    /// <inheritdoc cref="RegisterGrainTimer{TState}(IGrainBase, Func{TState, CancellationToken, Task}, TState, GrainTimerCreationOptions)"/>
    public static IGrainTimer RegisterGrainTimer(
        this IGrainBase grain, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
        => grain.GrainContext.RegisterTimer(callback, options);

    /// <inheritdoc cref="RegisterGrainTimer{TState}(IGrainBase, Func{TState, CancellationToken, Task}, TState, GrainTimerCreationOptions)"/>
    public static IGrainTimer RegisterGrainTimer(this IGrainBase grain, Func<Task> callback, GrainTimerCreationOptions options)
        => grain.GrainContext.RegisterTimer(_ => callback(), options);
}
