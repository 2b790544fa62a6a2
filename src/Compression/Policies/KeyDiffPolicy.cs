using System.Numerics.Tensors;

namespace KVCluster.Compression.Policies;

/// <summary>KeyDiff (arXiv 2504.15364): keys unlike the others stay; score = -cosine(key, mean of the normalised keys).</summary>
public sealed class KeyDiffPolicy(KeyDiffParameters? parameters = null) : ScoredPolicy<KeyDiffParameters>(parameters)
{
    internal const string PolicyName = "keydiff";

    /// <summary>Norms below this count as this, so that a zero key has a cosine of 0.</summary>
    private const float SmallestNorm = 1e-12f;

    /// <inheritdoc/>
    public override string Name => PolicyName;

    /// <inheritdoc/>
    public override ScoreRequest Request => new() { Vectors = true };

    /// <inheritdoc/>
    public override AttentionScores Score(PolicyInput input) => VectorScores.Make(input, keys: true, values: false, (_, _, keys, _, scores) =>
    {
        int size = input.RequireVectors().HeadSize;
        float[] mean = new float[size];
        for (int slot = 0; slot < scores.Length; slot++)
        {
            ReadOnlySpan<float> key = keys.Slice(slot * size, size);
            scores[slot] = AtLeast(TensorPrimitives.Norm(key));
            TensorPrimitives.MultiplyAdd(key, 1 / scores[slot], mean, mean);
        }

        float meanNorm = AtLeast(TensorPrimitives.Norm(mean));
        for (int slot = 0; slot < scores.Length; slot++)
        {
            scores[slot] = -TensorPrimitives.Dot(keys.Slice(slot * size, size), mean) / (scores[slot] * meanNorm);
        }
    });

    // Not Math.Max alone: NaN must come through to be refused.
    private static float AtLeast(float norm) => norm < SmallestNorm ? SmallestNorm : norm;
}

/// <summary>Parameters of KeyDiff: none of its own.</summary>
public sealed record KeyDiffParameters : PolicyParameters;
