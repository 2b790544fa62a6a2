using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;

namespace KVCluster.Worker;

/// <summary>How to compress a conversation.</summary>
/// <param name="Policy">Chooses the slots that stay.</param>
/// <param name="Budget">How many may.</param>
public sealed record CompressionRequest(ICompressionPolicy Policy, RetentionBudget Budget)
{
    /// <summary>Token ids of each prompt, for policies that score by a task's attention (<see cref="AttentionSource.Task"/>).</summary>
    public IReadOnlyList<ReadOnlyMemory<int>> TaskPrompts { get; init; } = [];

    /// <summary>Queries a step of a replay: bounds the time between two looks at cancellation, not the result.</summary>
    public int ReplayChunkTokens { get; init; } = 512;

    /// <summary>What calibration found out about the model, for policies that ask; null: <see cref="LocalModel.Calibration"/>.</summary>
    public HeadCalibration? Calibration { get; init; }

    /// <summary>
    /// What <see cref="Conversation.Gather"/> gave for the same <see cref="ScoreRequest"/>, of this conversation or of the one it was forked
    /// from, neither changed since: nothing is scored again. Null: scored now.
    /// </summary>
    public GatheredInput? Input { get; init; }
}
