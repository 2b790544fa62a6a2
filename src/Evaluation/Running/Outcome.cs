namespace KVCluster.Evaluation.Running;

/// <summary>What one sample came to with one policy at one ratio.</summary>
public sealed record Outcome
{
    /// <summary><see cref="Samples.Sample.Id"/>.</summary>
    public required string Sample { get; init; }

    /// <summary>Its task.</summary>
    public required string Task { get; init; }

    /// <summary>Its nominal length in tokens.</summary>
    public required int Length { get; init; }

    /// <summary>Its number within task and length.</summary>
    public required int Index { get; init; }

    /// <summary>How it was asked.</summary>
    public required EvaluationProtocol Protocol { get; init; }

    /// <summary>The policy's specification; <see cref="PolicyUnderTest.WholeCache"/> for the whole cache.</summary>
    public required string Policy { get; init; }

    /// <summary>The fraction asked to be removed; 0 for the whole cache.</summary>
    public required double Ratio { get; init; }

    /// <summary>Mean of the questions' scores, in [0, 1].</summary>
    public required double Score { get; init; }

    /// <summary>What the model said, a text for each question.</summary>
    public required IReadOnlyList<string> Answers { get; init; }

    /// <summary>Tokens of chat frame and context that were compressed.</summary>
    public required int ContextTokens { get; init; }

    /// <summary>Bytes of the pages held by the whole context.</summary>
    public required long WholeBytes { get; init; }

    /// <summary>Bytes of the pages held after compression.</summary>
    public required long Bytes { get; init; }

    /// <summary>KV heads a layer.</summary>
    public required int KvHeads { get; init; }

    /// <summary>Slots kept, [layers, kvHeads], layer-major.</summary>
    public required IReadOnlyList<int> Kept { get; init; }

    /// <summary>Seconds of model work for the scores (shared with other rows that need the same); 0 where none are needed.</summary>
    public double ScoringSeconds { get; init; }

    /// <summary>Seconds of choosing.</summary>
    public double PlanSeconds { get; init; }

    /// <summary>Seconds of moving rows and freeing pages.</summary>
    public double ApplySeconds { get; init; }

    /// <summary>Seconds to compress, all steps.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public double CompressionSeconds => ScoringSeconds + PlanSeconds + ApplySeconds;

    /// <summary>Slots kept over all layers and heads.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public long TotalKept => Kept.Sum(k => (long)k);
}
