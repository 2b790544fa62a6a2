namespace KVCluster.Evaluation.Summary;

/// <summary>One policy at one ratio, over many samples. Every task at every length weighs the same.</summary>
/// <param name="Ratio">The fraction asked to be removed.</param>
/// <param name="Accuracy">Mean score, in [0, 1].</param>
/// <param name="HeldShare">Bytes of pages really held after compression, as a share of the whole cache's; mean over samples.</param>
/// <param name="KeptShare">Slots kept, as a share of all; mean over samples.</param>
/// <param name="CompressionSeconds">Seconds to score, plan and free; median over samples.</param>
/// <param name="Samples">How many.</param>
public sealed record CurvePoint(
    double Ratio, double Accuracy, double HeldShare, double KeptShare, double CompressionSeconds, int Samples)
{
    /// <summary>The share of bytes saved.</summary>
    public double Saved => 1 - HeldShare;
}
