using System.Diagnostics;
using KVCluster.Inference.Sampling;

namespace KVCluster.Worker.Serving;

/// <summary>One turn of a session.</summary>
public sealed record TurnRequest
{
    /// <summary>Which session.</summary>
    public required SessionKey Session { get; init; }

    /// <summary>The caller's epoch.</summary>
    public required long Epoch { get; init; }

    /// <summary>All tokens before this turn.</summary>
    public required ReadOnlyMemory<int> History { get; init; }

    /// <summary>Tokens this turn appends; may be empty where an answer goes on.</summary>
    public required ReadOnlyMemory<int> Prompt { get; init; }

    /// <summary>How to generate; null: append only.</summary>
    public SamplingOptions? Sampling { get; init; }

    /// <summary>
    /// How many of the history's last tokens are the beginning of this turn's answer, made before on another device: it goes on behind them, and
    /// yields them again first. The prompt is empty then, and <see cref="Sampling"/> has the seed of that beginning.
    /// </summary>
    public int Begun { get; init; }

    /// <summary>Higher goes first; equal ones share. Waiting raises it, so that none starves.</summary>
    public int Priority { get; init; }

    /// <summary>Longest wait for room before <see cref="DeviceBusyException"/>; null: the worker's own.</summary>
    public TimeSpan? MaxWait { get; init; }

    /// <summary>The caller's span, below which the turn's is put; default: none.</summary>
    public ActivityContext Trace { get; init; }
}
