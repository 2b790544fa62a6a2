using KVCluster.Compression;
using KVCluster.Inference.Kv;

namespace KVCluster.Silo.Simulating;

/// <summary>
/// Seeded attention by position, in the manner of real attention: log-normal within a row, so that few tokens receive most, and rows (groups
/// of layers) that differ in how much so. One for each spread; sessions of one spread share it.
/// </summary>
internal sealed class SyntheticAttention
{
    private readonly float[][] _rows;

    /// <param name="seed">The same seed gives the same attention.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="positions">Longest conversation.</param>
    /// <param name="spread">The standard deviation of the logarithm; larger compresses better.</param>
    public SyntheticAttention(int seed, int rows, int positions, double spread)
    {
        Random random = new(seed);
        _rows = new float[rows][];
        for (int row = 0; row < rows; row++)
        {
            double rowSpread = spread * (0.7 + (0.6 * random.NextDouble()));
            _rows[row] = new float[positions];
            for (int i = 0; i < positions; i++)
            {
                _rows[row][i] = (float)Math.Exp((rowSpread * Normal(random)) - 6);
            }
        }
    }

    /// <summary>What each slot of a cache received.</summary>
    public AttentionScores Of(KvCache cache)
    {
        var scores = new float[_rows.Length][];
        for (int row = 0; row < scores.Length; row++)
        {
            scores[row] = Present(cache, row);
        }

        return new AttentionScores(_rows.Length, 1, scores);
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private float[] Present(KvCache cache, int row)
    {
        var positions = new int[cache.Length(row, 0)];
        cache.FillPositions(row, 0, positions);
        return Array.ConvertAll(positions, position => _rows[row][position]);
    }
}

/// <summary>Which attention a cache has, kept beside it.</summary>
internal sealed class AttentionOfCache : ISlotCompanion
{
    /// <summary>The attention; null before the first token.</summary>
    public SyntheticAttention? Attention { get; set; }

    /// <inheritdoc/>
    public long Bytes => 0;

    /// <inheritdoc/>
    public ISlotCompanion Fork() => new AttentionOfCache { Attention = Attention };

    /// <inheritdoc/>
    public void Keep(int layer, int head, ReadOnlySpan<int> kept)
    {
    }

    /// <inheritdoc/>
    public void Truncate(int layer, int head, int length)
    {
    }
}
