using KVCluster.Compression;

namespace KVCluster.Worker;

/// <summary>What a compression did, in numbers.</summary>
public sealed record CompressionReport
{
    /// <summary>When it was applied; null where it was not on a device's clock.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>What brought it about: one of <see cref="Serving.Pressure.ReliefCauses"/>; null where no device says.</summary>
    public string? Cause { get; init; }

    /// <summary>The policy's name.</summary>
    public required string Policy { get; init; }

    /// <summary>The fraction that was to be removed; null where the budget was a number of slots.</summary>
    public required double? Ratio { get; init; }

    /// <summary>Slots kept and present, and the attention mass that was dropped.</summary>
    public required RetentionSummary Summary { get; init; }

    /// <summary>Share of the scored attention that was dropped, over all stages, in [0, 1]; null where the policy does not score by it.</summary>
    public required double? DroppedMass { get; init; }

    /// <summary>Bytes of the pages the conversation held before.</summary>
    public required long BytesBefore { get; init; }

    /// <summary>Bytes of the pages it holds now.</summary>
    public required long BytesAfter { get; init; }

    /// <summary>
    /// Bytes by which the ledger's free memory grew. Less than the difference of the two above, even negative, where pages were shared
    /// with a fork, which keeps them.
    /// </summary>
    public required long FreedBytes { get; init; }

    /// <summary>Tokens the conversation stands for; the next one's position, unchanged.</summary>
    public required int LogicalLength { get; init; }

    /// <summary>Most bytes the scoring held while it ran.</summary>
    public required long ScoringBytes { get; init; }

    /// <summary>Seconds of model work to get the scores.</summary>
    public required double ScoringSeconds { get; init; }

    /// <summary>Seconds of choosing.</summary>
    public required double PlanSeconds { get; init; }

    /// <summary>Seconds of moving rows and freeing pages.</summary>
    public required double ApplySeconds { get; init; }
}
