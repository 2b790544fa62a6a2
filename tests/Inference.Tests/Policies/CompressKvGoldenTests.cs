using System.Text.Json;
using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tests.Cpu;
using KVCluster.Inference.Tests.Models;
using KVCluster.TestSupport;

namespace KVCluster.Inference.Tests.Policies;

/// <summary>CompressKV end to end: heads and layer scores as calibrated, through the backend to the logits after compression.</summary>
[Trait("Category", "Goldens")]
public sealed class CompressKvGoldenTests
{
    private const double LogitTolerance = 2e-4;

    private static readonly string _folder = Path.Combine(TestPaths.Goldens, "compresskv");

    [GoldenFact("compresskv")]
    public void Kept_sets_and_logits_are_the_references()
    {
        foreach (string file in Directory.EnumerateFiles(_folder, "*.safetensors").Order(StringComparer.Ordinal))
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(file, ".json")));
            using LoadedModel model = ModelLoader.Open(Path.Combine(GoldenModels.Folder, json.RootElement.GetProperty("model").GetString()!));
            using var fixture = new BackendFixture(model);
            foreach (JsonElement test in json.RootElement.GetProperty("end_to_end").EnumerateArray())
            {
                Check(fixture, json.RootElement, test, new GoldenTensors(file));
            }
        }
    }

    private static void Check(BackendFixture fixture, JsonElement golden, JsonElement test, GoldenTensors tensors)
    {
        int[] context = Integers(golden.GetProperty("select").GetProperty("context_ids"));
        using KvCache cache = fixture.Backend.CreateCache();
        fixture.Forward(cache, context);
        int budget = test.GetProperty("average_budget").GetInt32();
        var policy = new CompressKvPolicy(new CompressKvParameters
        {
            Window = golden.GetProperty("window").GetInt32(),
            Kernel = golden.GetProperty("kernel").GetInt32(),
        });
        var owner = new PolicyContext(context)
        {
            Calibration = new HeadCalibration
            {
                SemanticRetrievalHeads = [.. golden.GetProperty("select").GetProperty("heads_per_layer").EnumerateArray().Select(Integers)],
                LayerErrors = [.. golden.GetProperty("error").GetProperty("layer_scores").EnumerateArray().Select(e => e.GetSingle())],
            },
        };
        PolicyInput input = PolicyInputs.Gather(fixture.Backend, cache, policy.Request, owner).Input;
        RetentionPlan plan = policy.Plan(input, RetentionBudget.OfSlots((long)budget * cache.Geometry.Heads));
        for (int layer = 0; layer < plan.Layers; layer++)
        {
            for (int head = 0; head < plan.KvHeads; head++)
            {
                Assert.Equal(Integers(test.GetProperty("kept")[layer]), plan.Kept(layer, head).ToArray());
            }
        }

        PlanApplication.Apply(fixture.Backend, cache, plan);
        float[] question = fixture.Forward(cache, Integers(test.GetProperty("question_ids")));
        Compare.Within(LogitTolerance, question, tensors.Floats($"end.B{budget}.question_logits"), $"question logits at {budget}");
        float[] decode = tensors.Floats($"end.B{budget}.decode_logits");
        int[] greedy = Integers(test.GetProperty("greedy_tokens"));
        for (int i = 0; i < tensors.Shape($"end.B{budget}.decode_logits")[0]; i++)
        {
            float[] logits = fixture.Forward(cache, new[] { greedy[i] });
            Compare.Within(LogitTolerance, logits, decode.AsSpan(i * fixture.Vocabulary, fixture.Vocabulary), $"logits after token {i} at {budget}");
        }
    }

    private static int[] Integers(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];
}
