namespace KVCluster.Compression.Policies;

/// <summary>
/// What a policy plans from: the shape of the cache, and the parts of its <see cref="ScoreRequest"/> that the backend filled in.
/// </summary>
/// <param name="Shape">The cache.</param>
public sealed record PolicyInput(CacheShape Shape)
{
    /// <summary>
    /// a[layers, query heads, slots], as <see cref="ScoreRequest.Attention"/> asked; [layers, kvHeads, slots] where it was observed.
    /// </summary>
    public AttentionScores? Attention { get; init; }

    /// <summary>The plain mean over the same queries, [layers, query heads, slots], as <see cref="AttentionRequest.WithMean"/> asked.</summary>
    public AttentionScores? MeanAttention { get; init; }

    /// <summary>||v||, [layers, kvHeads, slots].</summary>
    public AttentionScores? ValueNorms { get; init; }

    /// <summary>||W_o,h v||, [layers, query heads, slots].</summary>
    public AttentionScores? ProjectedValueNorms { get; init; }

    /// <summary>Norms of values behind W_o of the slots that are named.</summary>
    public ISlotNorms? SlotNorms { get; init; }

    /// <summary>Mean and covariance of queries to come.</summary>
    public QueryStatistics? QueryStatistics { get; init; }

    /// <summary>Reads keys and values.</summary>
    public ISlotVectors? Vectors { get; init; }

    /// <summary>Kind of the token at each position, [logical length].</summary>
    public ReadOnlyMemory<TokenKind>? TokenKinds { get; init; }

    /// <summary>What calibration found out about the model.</summary>
    public HeadCalibration? Calibration { get; init; }

    /// <summary>Bytes that holding on to it takes; vectors are read from the cache, and a calibration is the model's.</summary>
    public long Bytes => new[] { Attention, MeanAttention, ValueNorms, ProjectedValueNorms }.Sum(scores => scores?.Bytes ?? 0)
        + (SlotNorms?.Bytes ?? 0) + (QueryStatistics?.Bytes ?? 0) + ((long)sizeof(TokenKind) * (TokenKinds?.Length ?? 0));

    /// <summary>The attention; throws ArgumentException where it is absent or does not fit the cache.</summary>
    public AttentionScores RequireAttention() => Require(Attention, nameof(Attention), queryHeads: true);

    /// <summary>The mean attention; throws ArgumentException where it is absent or does not fit the cache.</summary>
    public AttentionScores RequireMeanAttention() => Require(MeanAttention, nameof(MeanAttention), queryHeads: true);

    /// <summary>The value norms; throws ArgumentException where they are absent or do not fit the cache.</summary>
    public AttentionScores RequireValueNorms() => Require(ValueNorms, nameof(ValueNorms), queryHeads: false);

    /// <summary>The projected value norms; throws ArgumentException where they are absent or do not fit the cache.</summary>
    public AttentionScores RequireProjectedValueNorms() => Require(ProjectedValueNorms, nameof(ProjectedValueNorms), queryHeads: true);

    /// <summary>Norms of named slots; throws ArgumentException where they are absent.</summary>
    public ISlotNorms RequireSlotNorms() =>
        SlotNorms ?? throw new ArgumentException("the policy asked for norms of slots it names, which the input lacks", nameof(SlotNorms));

    /// <summary>The statistics of queries; throws ArgumentException where they are absent or do not fit the cache.</summary>
    public QueryStatistics RequireQueryStatistics() =>
        QueryStatistics is { } statistics && statistics.Layers == Shape.Layers && statistics.QueryHeads % Shape.KvHeads == 0
            ? statistics
            : throw new ArgumentException("the policy asked for query statistics, which the input lacks or which do not fit the cache");

    /// <summary>Keys and values; throws ArgumentException where they are absent.</summary>
    public ISlotVectors RequireVectors() =>
        Vectors ?? throw new ArgumentException("the policy asked for keys and values, which the input lacks", nameof(Vectors));

    /// <summary>Token kinds; throws ArgumentException where they are absent or not one a position.</summary>
    public ReadOnlyMemory<TokenKind> RequireTokenKinds() =>
        TokenKinds is { } kinds && kinds.Length == Shape.LogicalLength
            ? kinds
            : throw new ArgumentException($"the policy asked for the kinds of all {Shape.LogicalLength} tokens, which the input lacks");

    /// <summary>The calibration; throws <see cref="PolicyException"/> where there is none, for a person to make one.</summary>
    public HeadCalibration RequireCalibration() =>
        Calibration ?? throw new PolicyException("the policy needs a calibration of this model (kvcluster calibrate), and there is none");

    private AttentionScores Require(AttentionScores? scores, string name, bool queryHeads)
    {
        if (scores is null)
        {
            throw new ArgumentException($"the policy asked for {name}, which the input lacks", name);
        }

        scores.CheckFits(Shape, name);
        return queryHeads || scores.Heads == Shape.KvHeads
            ? scores
            : throw new ArgumentException($"{name} has rows of {scores.Heads} heads for {Shape.KvHeads} KV heads", name);
    }
}
