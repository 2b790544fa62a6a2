using System.Text.Json;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.TestSupport;
using Xunit.Abstractions;

namespace KVCluster.Compression.Tests.Policies;

/// <summary>Budgets, counts and kept sets of every selection in goldens/kvcompose, clean and reference.</summary>
[Trait("Category", "Goldens")]
public sealed class KvComposeSelectionGoldenTests(ITestOutputHelper output)
{
    public static TheoryData<string> Cases() => new(KvComposeGolden.Names());

    [GoldenTheory("kvcompose")]
    [MemberData(nameof(Cases))]
    public void Clean_selections_by_default(string name) => CheckAll(name, "clean");

    [GoldenTheory("kvcompose")]
    [MemberData(nameof(Cases))]
    public void Reference_selections_behind_the_flag(string name) => CheckAll(name, "reference");

    private void CheckAll(string name, string source)
    {
        KvComposeGolden golden = KvComposeGolden.Load(name);
        int sets = 0;
        int byCount = 0;
        foreach (JsonElement selection in golden.Json.GetProperty("selections").EnumerateArray())
        {
            // The reference raises for value norms and says so in place of a result.
            JsonElement expected = selection.GetProperty(source);
            bool valueNorm = selection.GetProperty("add_v_norm").GetBoolean();
            if (expected.ValueKind != JsonValueKind.Object || (valueNorm && golden.ValueNorms() is null))
            {
                continue;
            }

            // Where the reference keeps what clean keeps, the file says so instead of repeating it.
            JsonElement kept = expected.GetProperty("kept");
            kept = kept.ValueKind == JsonValueKind.Array ? kept : selection.GetProperty("clean").GetProperty("kept");

            bool structured = selection.GetProperty("structured").GetBoolean();
            RetentionPlan plan = Plan(golden, selection, source, structured);
            long unit = structured ? plan.KvHeads : 1;
            Assert.Equal(selection.GetProperty("budget").GetInt64() * unit, plan.TotalKept);
            if (IsTie(expected))
            {
                AssertCountsWithinTie(expected, kept, plan, structured);
                byCount++;
            }
            else
            {
                AssertSets(expected, kept, plan, structured, $"{name} {source}: {selection.GetProperty("compression_ratio")}");
                sets++;
            }
        }

        Assert.True(sets > 0, $"{name}: no selection compared");
        output.WriteLine($"{name} {source}: {sets} kept sets equal, {byCount} ambiguous ones equal in count");
    }

    private static RetentionPlan Plan(KvComposeGolden golden, JsonElement selection, string source, bool structured)
    {
        bool valueNorm = selection.GetProperty("add_v_norm").GetBoolean();
        KvComposeParameters plain = new()
        {
            ValueNorm = valueNorm,
            HeadMean = selection.GetProperty("add_mean_across_heads").GetBoolean(),
            KeepTokenLowerBound = selection.GetProperty("keep_token_lower_bound").GetInt32(),
            ReferenceLayer0 = source == "reference",
            MinimumPerHead = 0,
        };
        PolicyInput input = golden.Input(source, valueNorm);
        RetentionBudget budget = RetentionBudget.OfRatio(selection.GetProperty("compression_ratio").GetDouble());
        RetentionPlan plan = new KvComposePolicy(plain, structured).Plan(input, budget);
        if (plan.TotalKept >= plan.Layers * plan.KvHeads)
        {
            // The product's own minimum changes nothing where the reference keeps that much.
            PlanAssert.Same(plan, new KvComposePolicy(plain with { MinimumPerHead = 1 }, structured).Plan(input, budget));
        }

        return plan;
    }

    private static bool IsTie(JsonElement expected) =>
        (expected.TryGetProperty("ambiguous", out JsonElement ambiguous) && ambiguous.GetBoolean())
        || (expected.GetProperty("border_gap_relative") is { ValueKind: JsonValueKind.Number } gap && gap.GetDouble() == 0);

    // Layer 0 and one other may differ by one, each the other way; where a layer's count is the same, so is what it keeps.
    private static void AssertCountsWithinTie(JsonElement expected, JsonElement kept, RetentionPlan plan, bool structured)
    {
        int[][] counts = Counts(expected, plan, structured);
        int different = 0;
        for (int layer = 0; layer < plan.Layers; layer++)
        {
            int difference = Math.Abs(plan.Kept(layer, 0).Length - counts[layer][0]);
            Assert.InRange(difference, 0, 1);
            different += difference;
            for (int head = 0; head < plan.KvHeads && difference == 0; head++)
            {
                Assert.Equal(Kept(kept, layer, head), plan.Kept(layer, head).ToArray());
            }
        }

        Assert.InRange(different, 0, 2);
    }

    private static void AssertSets(JsonElement expected, JsonElement kept, RetentionPlan plan, bool structured, string what)
    {
        int[][] counts = Counts(expected, plan, structured);
        for (int layer = 0; layer < plan.Layers; layer++)
        {
            for (int head = 0; head < plan.KvHeads; head++)
            {
                Assert.True(counts[layer][head] == plan.Kept(layer, head).Length, $"{what}: layer {layer}, head {head} has another length");
                Assert.Equal(Kept(kept, layer, head), plan.Kept(layer, head).ToArray());
            }
        }
    }

    private static int[][] Counts(JsonElement expected, RetentionPlan plan, bool structured) =>
        expected.GetProperty("counts").EnumerateArray()
            .Select(c => structured
                ? Enumerable.Repeat(c.GetInt32(), plan.KvHeads).ToArray()
                : c.EnumerateArray().Select(h => h.GetInt32()).ToArray())
            .ToArray();

    private static int[] Kept(JsonElement kept, int layer, int head) =>
        kept[layer][head].EnumerateArray().Select(e => e.GetInt32()).ToArray();
}
