namespace KVCluster.Compression.Pressure;

/// <summary>One threshold for many caches.</summary>
/// <param name="Threshold">
/// The smallest weighted score that stays beyond the floors; 0 where everything fits, infinite where only the floors stay.
/// </param>
/// <param name="Bytes">An upper bound of what stays, not above the target where it is feasible.</param>
/// <param name="IsFeasible">False where the floors alone exceed the target; they stay.</param>
public readonly record struct ThresholdSolution(double Threshold, long Bytes, bool IsFeasible)
{
    /// <summary>Where the threshold lies among the bins of a session of this weight (<see cref="ScoreBins"/>).</summary>
    public long Position(double weight) => PositionOf(Threshold, weight);

    internal static long PositionOf(double threshold, double weight) => ScoreBins.Position(threshold / Effective(weight));

    // Below every other weight by more octaves than the bins span: such sessions share what all others leave, by their own scores.
    internal static double Effective(double weight) => weight == 0 ? GlobalThreshold.LeastWeight * (1.0 / (1L << 60)) : weight;
}
