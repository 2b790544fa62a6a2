using System.Numerics.Tensors;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu;

/// <summary>What each query of a chunk counts.</summary>
internal static unsafe class QueryWeights
{
    /// <summary>Weights of the rows just projected, [rows]; null where all count the same.</summary>
    public static float[]? Of(QueryWeighting weighting, LayerPipeline pipeline, ModelConfig config, int firstPosition, int rows)
    {
        if (weighting == QueryWeighting.Uniform)
        {
            return null;
        }

        var weights = new float[rows];
        for (int r = 0; r < rows; r++)
        {
            weights[r] = weighting == QueryWeighting.Position
                ? firstPosition + r
                : 1 / TensorPrimitives.Norm(new ReadOnlySpan<float>(pipeline.Normed + ((long)r * pipeline.HiddenStride), config.HiddenSize));
        }

        return weights;
    }
}
