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

    /// <summary>||v||, [layers, kvHeads, slots].</summary>
    public AttentionScores? ValueNorms { get; init; }

    /// <summary>The attention; throws ArgumentException where it is absent or does not fit the cache.</summary>
    public AttentionScores RequireAttention() => Require(Attention, nameof(Attention), queryHeads: true);

    /// <summary>The value norms; throws ArgumentException where they are absent or do not fit the cache.</summary>
    public AttentionScores RequireValueNorms() => Require(ValueNorms, nameof(ValueNorms), queryHeads: false);

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
