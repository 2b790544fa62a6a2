using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>When and how a grain's timer fires. Unless set otherwise it neither interleaves nor keeps its activation alive.</summary>
[method: SetsRequiredMembers]
public readonly struct GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
{
    /// <summary>The time until the first call; <see cref="Timeout.InfiniteTimeSpan"/> for none.</summary>
    public required TimeSpan DueTime { get; init; } = dueTime;

    /// <summary>The time from the end of a call to the next; <see cref="Timeout.InfiniteTimeSpan"/> for only one call.</summary>
    public required TimeSpan Period { get; init; } = period;

    /// <summary>Whether the timer's calls interleave with the grain's other turns.</summary>
    public bool Interleave { get; init; }

    /// <summary>Whether the timer's calls count as use, so that the activation is not collected.</summary>
    public bool KeepAlive { get; init; }
}

/// <summary>A timer of an activation. Disposed, it fires no more, and the token of the call that runs is cancelled.</summary>
public interface IGrainTimer : IDisposable
{
    /// <summary>Sets new times; within the timer's own call they hold from the end of it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A time is negative, but not infinite, or too long.</exception>
    void Change(TimeSpan dueTime, TimeSpan period);
}
