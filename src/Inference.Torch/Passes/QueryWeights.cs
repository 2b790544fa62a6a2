using KVCluster.Compression.Policies;
using KVCluster.Inference.Torch.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Passes;

/// <summary>What each query of a chunk counts.</summary>
internal static class QueryWeights
{
    /// <summary>Weights [rows] of rows just projected; null where all count the same.</summary>
    public static Tensor? Of(QueryWeighting weighting, ProjectedRows projected, int firstPosition)
    {
        Tensor normed = projected.Normed;
        return weighting switch
        {
            QueryWeighting.Uniform => null,
            QueryWeighting.Position => arange(firstPosition, firstPosition + normed.shape[0], ScalarType.Float32, normed.device),
            _ => normed.to(ScalarType.Float32).norm(1).reciprocal(),
        };
    }
}
