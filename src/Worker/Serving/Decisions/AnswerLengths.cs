namespace KVCluster.Worker.Serving.Decisions;

/// <summary>How long answers are, to tell when one that is being made may end. Read and written on the device's thread.</summary>
internal sealed class AnswerLengths
{
    /// <summary>The part of the newest answer in the mean: some ten answers are remembered.</summary>
    private const double Weight = 0.1;

    private double _mean;

    /// <summary>An answer has ended with so many tokens.</summary>
    public void Ended(int tokens) => _mean = _mean == 0 ? tokens : (_mean * (1 - Weight)) + (tokens * Weight);

    /// <summary>
    /// Tokens still to be expected of an answer that has <paramref name="made"/>, at most <paramref name="most"/>: up to the mean; of one that is
    /// longer, as many again as it has. All it may make, before any has ended.
    /// </summary>
    public int Left(int made, int most) => _mean == 0 ? most : (int)Math.Min(most, Math.Ceiling(made < _mean ? _mean - made : made));
}
