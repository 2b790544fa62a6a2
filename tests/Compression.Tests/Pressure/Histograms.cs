using KVCluster.Compression.Pressure;

namespace KVCluster.Compression.Tests.Pressure;

/// <summary>Histograms of made-up sessions, the same for the same seed.</summary>
internal static class Histograms
{
    /// <summary>Rows of skewed scores over some thirty octaves, best first.</summary>
    public static HistogramRow[] Rows(int seed, int rows, int entries, long entryBytes = 256, int floor = 0, bool wild = true)
    {
        Random random = new(seed);
        HistogramRow[] made = new HistogramRow[rows];
        for (int row = 0; row < rows; row++)
        {
            float[] scores = Enumerable.Range(0, entries).Select(_ => Score(random, wild)).OrderDescending().ToArray();
            made[row] = new HistogramRow(scores, entryBytes, floor);
        }

        return made;
    }

    public static ScoreHistogram Session(int seed, int rows = 4, int entries = 200, long entryBytes = 256, int floor = 8, int page = 1, bool wild = true) =>
        ScoreHistogram.Of(Rows(seed, rows, entries, entryBytes, floor, wild), page);

    // Mostly log-normal, some exactly zero, wild ones also beyond both ends of the bins.
    private static float Score(Random random, bool wild) => random.Next(20) switch
    {
        0 => 0,
        1 when wild => (float)Math.ScaleB(random.NextDouble(), random.Next(-60, 30)),
        _ => (float)Math.Exp((3 * (random.NextDouble() + random.NextDouble() + random.NextDouble())) - 9),
    };
}
