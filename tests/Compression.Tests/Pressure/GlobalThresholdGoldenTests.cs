using System.Text.Json;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Pressure;
using KVCluster.TestSupport;

namespace KVCluster.Compression.Tests.Pressure;

/// <summary>The threshold from histograms against the exact one of goldens/budgets/cases.json.</summary>
[Trait("Category", "Goldens")]
public sealed class GlobalThresholdGoldenTests
{
    private const string Part = "budgets/cases.json";

    // The widest bin is an eighth of its lower edge wide.
    private const double Bin = 1.125 + 1e-9;

    [GoldenFact(Part)]
    public void Every_case_is_solved_within_one_bin_of_the_exact_threshold()
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
    }

    private static void Check(JsonElement test, GoldenTensors scores)
    {
        string name = test.GetProperty("name").GetString()!;
        int sessions = test.GetProperty("tokens").GetArrayLength();
        ScoreHistogram[] histograms = new ScoreHistogram[sessions];
        WeightedProfile[] profiles = new WeightedProfile[sessions];
        List<BudgetRow> exactRows = [];
        for (int s = 0; s < sessions; s++)
        {
            double weight = test.GetProperty("weights")[s].GetDouble();
            List<HistogramRow> rows = Rows(test, scores, name, s);
            exactRows.AddRange(rows.Select(r => new BudgetRow(r.Scores, r.EntryBytes, r.Floor, weight)));
            histograms[s] = ScoreHistogram.Of(rows);
            profiles[s] = new WeightedProfile(histograms[s].Profile, weight);
        }

        long target = test.GetProperty("target_bytes").GetInt64();
        ThresholdSolution solved = GlobalThreshold.Solve(profiles, target);
        Assert.Equal(test.GetProperty("feasible").GetBoolean(), solved.IsFeasible);
        ThresholdAllocation exact = ThresholdBudget.Solve(exactRows, target, TieRule.RowFirst);
        long kept = 0;
        long slack = 0;
        int index = 0;
        for (int s = 0; s < sessions; s++)
        {
            long position = solved.Position(profiles[s].Weight);
            for (int row = 0; row < histograms[s].Rows; row++, index++)
            {
                int count = histograms[s].Kept(row, position);
                BudgetRow exactRow = exactRows[index];
                kept += exactRow.Cost(count);
                slack += exactRow.Length > exactRow.Floor ? exactRow.Cost(1) : 0;
                CheckCount(name, exactRow, exact, count);
            }
        }

        Assert.True(!solved.IsFeasible || kept <= target, $"{name}: {kept} of {target}");
        Assert.True(kept >= Math.Min(exact.Used, target) - slack - (target / 1000), $"{name}: {kept} of {exact.Used}, slack {slack}");
    }

    private static void CheckCount(string name, BudgetRow row, ThresholdAllocation exact, int count)
    {
        if (exact.Threshold is not { } threshold)
        {
            Assert.Equal(row.Floor, count);
            return;
        }

        // Entries of a session of weight 0 are all worth 0; which of them stay is not the threshold's business.
        int least = Math.Max(row.Floor, row.CountAtLeast(threshold == 0 ? double.Epsilon : threshold * Bin));
        int most = Math.Max(row.Floor, row.CountAtLeast(threshold / Bin));
        Assert.True(count >= least && count <= most, $"{name}: {count} entries, one bin about the exact threshold: {least} to {most}");
    }

    private static List<HistogramRow> Rows(JsonElement test, GoldenTensors scores, string name, int session)
    {
        float[] values = scores.Floats($"{name}.s{session}.scores");
        int tokens = test.GetProperty("tokens")[session].GetInt32();
        int layers = test.GetProperty("layers")[session].GetInt32();
        return Enumerable.Range(0, layers)
            .Select(layer => new HistogramRow(
                values.AsMemory(layer * tokens, tokens),
                test.GetProperty("bytes_per_composite")[session][layer].GetInt64(),
                test.GetProperty("floor_per_layer")[session][layer].GetInt32()))
            .ToList();
    }
}
