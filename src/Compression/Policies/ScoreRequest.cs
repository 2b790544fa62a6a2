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
}
