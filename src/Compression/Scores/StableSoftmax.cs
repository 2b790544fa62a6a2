using System.Numerics.Tensors;

namespace KVCluster.Compression.Scores;

/// <summary>Softmax less the maximum first: <see cref="TensorPrimitives"/>' own overflows where logits exceed 88, as quadratic forms do.</summary>
internal static class StableSoftmax
{
    public static void InPlace(Span<float> logits)
    {
        TensorPrimitives.Subtract(logits, TensorPrimitives.Max<float>(logits), logits);
        TensorPrimitives.SoftMax(logits, logits);
    }
}
