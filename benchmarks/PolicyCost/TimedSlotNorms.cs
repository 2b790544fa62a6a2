using KVCluster.Compression;
using KVCluster.Compression.Policies;

namespace KVCluster.Benchmarks.PolicyCost;

/// <summary>Norms whose time is told apart: the model's work that a policy asks for while it plans is gathering all the same.</summary>
internal sealed class TimedSlotNorms(ISlotNorms norms, Func<double> now) : ISlotNorms
{
    /// <summary>Seconds that bounds and norms took.</summary>
    public double Seconds { get; private set; }

    public long Bytes => norms.Bytes;

    public AttentionScores UpperBounds()
    {
        double start = now();
        AttentionScores bounds = norms.UpperBounds();
        Seconds += now() - start;
        return bounds;
    }

    public void Read(int layer, int kvHead, ReadOnlySpan<int> slots, Span<float> destination)
    {
        double start = now();
        norms.Read(layer, kvHead, slots, destination);
        Seconds += now() - start;
    }
}
