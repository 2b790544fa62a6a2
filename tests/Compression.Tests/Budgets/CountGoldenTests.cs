using System.Text.Json;
using KVCluster.Compression.Budgets;
using KVCluster.TestSupport;

namespace KVCluster.Compression.Tests.Budgets;

/// <summary>The arithmetic of counts against goldens/budgets/counts.json.</summary>
[Trait("Category", "Goldens")]
public sealed class CountGoldenTests
{
    private static readonly string Table = Path.Combine(TestPaths.Goldens, "budgets", "counts.json");

    [GoldenFact("budgets/counts.json")]
    public void Kept_counts_truncate_in_doubles()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Table));
        string[] columns = json.RootElement.GetProperty("columns").EnumerateArray().Select(c => c.GetString()!).ToArray();
        int count = Array.IndexOf(columns, "n");
        int ratio = Array.IndexOf(columns, "ratio");
        int kept = Array.FindIndex(columns, c => c.StartsWith("kept = trunc", StringComparison.Ordinal));
        int rows = 0;
        foreach (JsonElement row in json.RootElement.GetProperty("rows").EnumerateArray())
        {
            long n = row[count].GetInt64();
            double r = row[ratio].GetDouble();
            long expected = row[kept].GetInt64();
            Assert.Equal(expected, RetentionBudget.KeptOf(n, r));
            Assert.Equal(expected, RetentionBudget.OfRatio(r).Slots(CacheShape.Whole(1, 1, (int)n)));
            Assert.Equal(3 * expected, RetentionBudget.OfRatio(r).Slots(CacheShape.Whole(1, 3, (int)n), unit: 3));
            rows++;
        }

        Assert.True(rows > 0);
    }
}
