using KVCluster.Compression.Budgets;
using KVCluster.Compression.Pressure;

namespace KVCluster.Benchmarks.BudgetSolve;

/// <summary>Seeded sessions: rows of log-normal scores, their histograms and weights.</summary>
internal sealed class Sessions
{
    private const long EntryBytes = 1024;
    private const int Floor = 36;
    private const int PageEntries = 32;

    public Sessions(int count, int layers, int entries)
    {
        Random random = new(1);
        Rows = new HistogramRow[count][];
        Histograms = new ScoreHistogram[count];
        Weighted = new WeightedProfile[count];
        for (int s = 0; s < count; s++)
        {
            double spread = 0.5 + (2 * random.NextDouble());
            Rows[s] = [.. Enumerable.Range(0, layers).Select(_ => new HistogramRow(Scores(random, entries, spread), EntryBytes, Floor))];
            Histograms[s] = ScoreHistogram.Of(Rows[s], PageEntries);
            Weighted[s] = new WeightedProfile(Histograms[s].Profile, Math.ScaleB(1 + random.NextDouble(), random.Next(-3, 4)));
        }
    }

    public HistogramRow[][] Rows { get; }

    public ScoreHistogram[] Histograms { get; }

    public WeightedProfile[] Weighted { get; }

    public long TotalBytes => Histograms.Sum(h => h.Profile.TotalBytes);

    public BudgetRow[] ExactRows() =>
        [.. Rows.SelectMany((rows, s) => rows.Select((r, row) => new BudgetRow(r.Scores, r.EntryBytes, Histograms[s].Floor(row), Weighted[s].Weight)))];

    /// <summary>The same sessions as a device's controller sees them.</summary>
    public PressureSnapshot Snapshot(double used)
    {
        long bytes = Histograms.Sum(h => h.PageBytes);
        return new PressureSnapshot
        {
            LimitBytes = (long)(bytes / used),
            UsedBytes = bytes,
            Candidates = [.. Histograms.Select((h, s) => new PressureCandidate
            {
                Session = $"s{s}",
                Bytes = h.PageBytes,
                Histogram = h,
                ReturnChance = (s % 10) / 10.0,
                SecondsToReturn = 0.2 + (s % 7),
                HasColdCopy = s % 3 == 0,
            })],
        };
    }

    private static float[] Scores(Random random, int entries, double spread)
    {
        float[] scores = new float[entries];
        for (int i = 0; i < entries; i++)
        {
            double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            scores[i] = (float)Math.Exp((spread * normal) - 6);
        }

        Array.Sort(scores);
        Array.Reverse(scores);
        return scores;
    }
}
