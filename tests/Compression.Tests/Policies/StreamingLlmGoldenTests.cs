using System.Text.Json;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.TestSupport;

namespace KVCluster.Compression.Tests.Policies;

/// <summary>Kept sets of StreamingLLM against goldens/presses.</summary>
[Trait("Category", "Goldens")]
public sealed class StreamingLlmGoldenTests
{
    [GoldenFact("presses")]
    public void Kept_sets_are_the_references()
    {
        string folder = Path.Combine(TestPaths.Goldens, "presses");
        foreach (string file in Directory.EnumerateFiles(folder, "StreamingLLM-*.json", SearchOption.AllDirectories))
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(file));
            if (json.RootElement.GetProperty("press").GetString() == "StreamingLLM")
            {
                Check(json.RootElement, file);
            }
        }
    }

    private static void Check(JsonElement test, string file)
    {
        JsonElement kept = test.GetProperty("kept");
        CacheShape shape = CacheShape.Whole(kept.GetArrayLength(), kept[0].GetArrayLength(), test.GetProperty("context_length").GetInt32());
        StreamingLlmPolicy policy = new(new StreamingLlmParameters { Sinks = test.GetProperty("params").GetProperty("n_sink").GetInt32() });
        double ratio = test.GetProperty("compression_ratio").GetDouble();
        RetentionPlan plan = policy.Plan(new PolicyInput(shape), RetentionBudget.OfRatio(ratio));
        for (int layer = 0; layer < plan.Layers; layer++)
        {
            for (int head = 0; head < plan.KvHeads; head++)
            {
                int[] expected = kept[layer][head].EnumerateArray().Select(e => e.GetInt32()).ToArray();
                Assert.True(plan.Kept(layer, head).SequenceEqual(expected), $"{file}: layer {layer}, head {head}");
            }
        }
    }
}
