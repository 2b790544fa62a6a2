using KVCluster.Compression.Pressure;
using KVCluster.Evaluation.Scenarios;

namespace KVCluster.Benchmarks.AllocatorSimulation;

/// <summary>The kinds of document sessions are about: lengths and how unevenly attention falls on them. Shared, since histograms do not change.</summary>
internal static class Shapes
{
    public const int PageTokens = 32;
    public const long TokenBytes = 128 << 10;
    private const int Rows = 2;
    private const int Floor = 36;
    private static readonly int[] _lengths = [512, 768, 1024, 1536, 2048, 3072, 4096, 8192];
    private static readonly double[] _spreads = [0.8, 1.2, 1.6, 2.0, 2.4];

    public static ScoreHistogram[] All { get; } =
    [
        .. from length in _lengths
           from spread in _spreads
           select SyntheticScores.Histogram((length * 10) + (int)(10 * spread), length, Rows, TokenBytes, spread, Floor, PageTokens),
    ];

    public static int Draw(Random random) => random.Next(All.Length);
}
