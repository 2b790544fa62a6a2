using System.Text.Json;

namespace KVCluster.Compression.Tests.Policies;

/// <summary>What a backend makes of each query's own attention, done plainly: rows smoothed before the largest is taken, and the mean.</summary>
internal static class WindowRows
{
    /// <summary>The largest over the queries' smoothed rows, and the mean over the rows as they are, from [layers][heads][queries][slots].</summary>
    public static (AttentionScores Largest, AttentionScores Mean) Of(JsonElement layers, int kernel)
    {
        float[][][] heads = [.. layers.EnumerateArray().SelectMany(l => l.EnumerateArray())
            .Select(h => h.EnumerateArray().Select(r => r.Floats()).ToArray())];
        float[][] largest = Array.ConvertAll(heads, rows => Join(rows.Select(r => Smoothed(r, r.Length - rows.Length, kernel)), MathF.Max));
        float[][] sums = Array.ConvertAll(heads, rows => Join(rows, (a, b) => a + b));
        float[][] means = [.. sums.Zip(heads, (sum, rows) => Array.ConvertAll(sum, v => v / rows.Length))];
        int count = layers.GetArrayLength();
        return (new AttentionScores(count, heads.Length / count, largest), new AttentionScores(count, heads.Length / count, means));
    }

    private static float[] Smoothed(float[] row, int before, int kernel)
    {
        float[] cut = row[..before];
        float[] smoothed = new float[row.Length];
        for (int i = 0; i < before; i++)
        {
            smoothed[i] = Enumerable.Range(i - (kernel / 2), kernel).Where(j => j >= 0 && j < before).Sum(j => cut[j]) / kernel;
        }

        float scale = cut.Sum() / smoothed.Sum();
        return Array.ConvertAll(smoothed, v => v * scale);
    }

    private static float[] Join(IEnumerable<float[]> rows, Func<float, float, float> join) =>
        rows.Aggregate((a, b) => [.. a.Zip(b, join)]);
}
