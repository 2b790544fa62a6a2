using System.Text.Json;
using KVCluster.Compression.Budgets;
using KVCluster.TestSupport;
using Xunit.Abstractions;

namespace KVCluster.Compression.Tests.Budgets;

/// <summary>The one threshold over layers and sessions against goldens/budgets/cases.json, exactly.</summary>
[Trait("Category", "Goldens")]
public sealed class ThresholdBudgetGoldenTests(ITestOutputHelper output)
{
    private const string Part = "budgets/cases.json";

    [GoldenFact(Part)]
    public void Every_case_is_solved_exactly()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(TestPaths.Goldens, Part)));
        GoldenTensors scores = new(Path.Combine(TestPaths.Goldens, "budgets", "scores.safetensors"));
        int cases = 0;
        foreach (JsonElement test in json.RootElement.GetProperty("cases").EnumerateArray())
        {
            Check(test, scores);
            cases++;
        }

        Assert.True(cases > 0);
        output.WriteLine($"{cases} cases");
    }

    private static void Check(JsonElement test, GoldenTensors scores)
    {
        string name = test.GetProperty("name").GetString()!;
        List<BudgetRow> rows = Rows(test, scores, name);
        long target = test.GetProperty("target_bytes").GetInt64();

        ThresholdAllocation whole = ThresholdBudget.Solve(rows, target);
        Assert.Equal(Counts(test, "counts"), whole.Counts);
        Assert.Equal(test.GetProperty("bytes_kept").GetInt64(), whole.Used);
        Assert.Equal(test.GetProperty("feasible").GetBoolean(), whole.Feasible);
        JsonElement threshold = test.GetProperty("threshold");
        Assert.Equal(threshold.ValueKind == JsonValueKind.Null ? null : threshold.GetDouble(), whole.Threshold);

        ThresholdAllocation broken = ThresholdBudget.Solve(rows, target, TieRule.RowFirst);
        Assert.Equal(Counts(test, "tie_broken_counts"), broken.Counts);
        Assert.Equal(test.GetProperty("tie_broken_bytes_kept").GetInt64(), broken.Used);
    }

    private static List<BudgetRow> Rows(JsonElement test, GoldenTensors scores, string name)
    {
        List<BudgetRow> rows = [];
        int sessions = test.GetProperty("tokens").GetArrayLength();
        for (int s = 0; s < sessions; s++)
        {
            float[] values = scores.Floats($"{name}.s{s}.scores");
            int tokens = test.GetProperty("tokens")[s].GetInt32();
            int floor = Math.Max(
                test.GetProperty("min_per_layer").GetInt32(),
                test.GetProperty("sinks").GetInt32() + test.GetProperty("recent").GetInt32());
            for (int layer = 0; layer < test.GetProperty("layers")[s].GetInt32(); layer++)
            {
                BudgetRow row = new(
                    values.AsMemory(layer * tokens, tokens),
                    test.GetProperty("bytes_per_composite")[s][layer].GetInt64(),
                    floor,
                    test.GetProperty("weights")[s].GetDouble());
                Assert.Equal(test.GetProperty("floor_per_layer")[s][layer].GetInt32(), row.Floor);
                rows.Add(row);
            }
        }

        return rows;
    }

    private static int[] Counts(JsonElement test, string name) =>
        test.GetProperty(name).EnumerateArray().SelectMany(s => s.EnumerateArray()).Select(c => c.GetInt32()).ToArray();
}
