using KVCluster.Compression.Pressure;

namespace KVCluster.Evaluation.Scenarios;

/// <summary>
/// Seeded composite scores in the manner of real ones: log-normal within a row, so that few tokens receive most attention, and rows (groups of
/// layers) that differ in how much so.
/// </summary>
public static class SyntheticScores
{
    /// <summary>The histogram of a cache that holds all its tokens.</summary>
    /// <param name="seed">The same seed gives the same scores.</param>
    /// <param name="tokens">Tokens of the cache.</param>
    /// <param name="rows">Rows, each holding an equal part of a token's bytes.</param>
    /// <param name="tokenBytes">Bytes of a token over all rows.</param>
    /// <param name="spread">The standard deviation of the scores' logarithm; larger compresses better.</param>
    /// <param name="floor">Entries of each row that stay.</param>
    /// <param name="pageTokens">Tokens of a page.</param>
    public static ScoreHistogram Histogram(int seed, int tokens, int rows, long tokenBytes, double spread, int floor, int pageTokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        Random random = new(seed);
        HistogramRow[] made = new HistogramRow[rows];
        for (int row = 0; row < rows; row++)
        {
            float[] scores = new float[tokens];
            double rowSpread = spread * (0.7 + (0.6 * random.NextDouble()));
            for (int i = 0; i < tokens; i++)
            {
                scores[i] = (float)Math.Exp((rowSpread * Normal(random)) - 6);
            }

            Array.Sort(scores);
            Array.Reverse(scores);
            made[row] = new HistogramRow(scores, tokenBytes / rows, floor);
        }

        return ScoreHistogram.Of(made, pageTokens);
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
