using System.Numerics.Tensors;

namespace KVCluster.Compression.Policies;

/// <summary>Knorm (arXiv 2406.11430): keys of small norm attract attention, hence score -||k||.</summary>
public sealed class KnormPolicy(KnormParameters? parameters = null) : ScoredPolicy<KnormParameters>(parameters)
{
    internal const string PolicyName = "knorm";

    /// <inheritdoc/>
    public override string Name => PolicyName;

    /// <inheritdoc/>
    public override ScoreRequest Request => new() { Vectors = true };

    /// <inheritdoc/>
    public override AttentionScores Score(PolicyInput input) => VectorScores.Make(input, keys: true, values: false, (_, _, keys, _, scores) =>
    {
        int size = input.RequireVectors().HeadSize;
        for (int slot = 0; slot < scores.Length; slot++)
        {
            scores[slot] = -TensorPrimitives.Norm(keys.Slice(slot * size, size));
        }
    });
}

/// <summary>Parameters of Knorm: none of its own.</summary>
public sealed record KnormParameters : PolicyParameters;
