namespace KVCluster.Compression.Policies;

/// <summary>
/// What a policy needs from the model, declared before it plans, so that a backend computes just that and nothing where no policy asks.
/// Each part that is asked for appears in <see cref="PolicyInput"/> under the same name; a new kind of need is a new part here and there.
/// </summary>
public sealed record ScoreRequest
{
    /// <summary>Nothing: the shape of the cache is enough.</summary>
    public static ScoreRequest None { get; } = new();

    /// <summary>Attention by query head; null where none is needed.</summary>
    public AttentionRequest? Attention { get; init; }

    /// <summary>L2 norms of the values, [layers, kvHeads, slots].</summary>
    public bool ValueNorms { get; init; }

    /// <summary>Norms of the values behind the output projection, [layers, query heads, slots]; null where none are needed.</summary>
    public VectorNorm? ProjectedValueNorms { get; init; }

    /// <summary>The same of slots that the policy names as it plans, and bounds of all; null where none are needed.</summary>
    public VectorNorm? SlotNorms { get; init; }

    /// <summary>What queries to come look like; null where it does not matter.</summary>
    public QueryStatisticsRequest? QueryStatistics { get; init; }

    /// <summary>Keys and values themselves, on demand.</summary>
    public bool Vectors { get; init; }

    /// <summary>Which of the context's tokens are special or punctuation.</summary>
    public bool TokenKinds { get; init; }

    /// <summary>What calibration found out about the model's heads and layers.</summary>
    public bool Calibration { get; init; }
}
