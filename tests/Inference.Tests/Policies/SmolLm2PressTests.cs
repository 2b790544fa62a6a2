using System.Globalization;
using System.Text.Json;
using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tests.Cpu;
using KVCluster.Inference.Tokenization;
using KVCluster.TestSupport;

namespace KVCluster.Inference.Tests.Policies;

/// <summary>
/// The presses on a real model, goldens/smollm2/presses.*: scores, kept sets, counts, and the logits after the question. Tolerances are
/// those of its README.
/// </summary>
[Trait("Category", "Goldens")]
public sealed class SmolLm2PressTests
{
    private const double LogitTolerance = 5e-3;
    private const string Prompt = "\n\nRepeat the previous context exactly.";
    private const string Suffix = "<|im_end|>\n<|im_start|>assistant\n";

    /// <summary>The README's names, in this project's specifications.</summary>
    private static readonly Dictionary<string, string> _policies = new()
    {
        ["none"] = "streaming-llm",
        ["snapkv"] = "snapkv:window=64,kernel=5",
        ["tova"] = "tova",
        ["expected_attention"] = "expected-attention:future-positions=512,sinks=4",
        ["adakv_expected"] = "adakv:safeguard=0.2,base=expected-attention,base.future-positions=512,base.sinks=4",
        ["pyramidkv"] = "pyramidkv:window=64,kernel=5,beta=20",
        ["streaming_llm"] = "streaming-llm:sinks=4",
        ["knorm"] = "knorm",
        ["observed_attention"] = "h2o",
        ["kvcompose"] = "kvcompose:chunk=0,reference-layer0=true,minimum-per-head=0",
        ["kvcompose_free_layer0"] = "kvcompose:chunk=0,minimum-per-head=0",
        ["kvcompose_before_head_mean"] = "kvcompose:chunk=0,head-mean=false",
        ["kvcompose_unstructured"] = "kvcompose-unstructured:chunk=0,minimum-per-head=0",
        ["kvzip"] = "kvzip:sinks=4,chunk=2048,subsample=true,subsample-sinks=4,minimum-per-head=0",
    };

    /// <summary>Heads or layers of these compete with others, so that only their counts are compared at every ratio.</summary>
    private static readonly HashSet<string> _global =
        ["adakv_expected", "pyramidkv", "kvcompose", "kvcompose_free_layer0", "kvcompose_unstructured", "kvzip"];

    [GoldenFact("smollm2/presses.json", needsSmolLm2: true)]
    public void Scores_kept_sets_and_logits_are_the_references()
    {
        string path = Path.Combine(TestPaths.Goldens, "smollm2", "presses.json");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
        var tensors = new GoldenTensors(Path.ChangeExtension(path, ".safetensors"));
        LoadedModel model = ModelLoader.Open(TestPaths.SmolLm2!);
        using var fixture = new BackendFixture(model, tokens: 2048, pageTokens: 32, own: true);
        int[] context = Integers(json.RootElement.GetProperty("context_ids"));
        using KvCache cache = fixture.Backend.CreateCache();
        fixture.Forward(cache, context, chunk: 200);
        var inputs = new Dictionary<string, PolicyInput>();
        foreach (string name in tensors.Names.Where(n => n.StartsWith("score.", StringComparison.Ordinal)).Select(n => n[6..]))
        {
            IScoringPolicy policy = Assert.IsAssignableFrom<IScoringPolicy>(Policy(name));
            CheckScores(name, policy, Input(policy, Owner(model, context, tensors)), tensors.Floats($"score.{name}"));
        }

        foreach (JsonProperty press in json.RootElement.GetProperty("after").EnumerateObject())
        {
            ICompressionPolicy policy = Policy(press.Name);
            PolicyInput input = Input(policy, Owner(model, context, tensors));
            foreach (JsonProperty ratio in press.Value.EnumerateObject())
            {
                RetentionPlan plan = policy.Plan(input, RetentionBudget.OfRatio(double.Parse(ratio.Name, CultureInfo.InvariantCulture)));
                bool equal = CheckPlan(json.RootElement, tensors, press.Name, ratio.Name, plan);
                if (equal)
                {
                    CheckLogits(fixture, cache, plan, json.RootElement, press.Name, ratio);
                }
            }
        }

        PolicyInput Input(ICompressionPolicy policy, PolicyContext owner)
        {
            string key = policy.Request.ToString();
            return inputs.TryGetValue(key, out PolicyInput? input)
                ? input
                : inputs[key] = PolicyInputs.Gather(fixture.Backend, cache, policy.Request, owner).Input;
        }
    }

    [GoldenFact("smollm2/presses.json", needsSmolLm2: true)]
    public void What_a_cache_observed_itself_keeps_the_slots_the_reference_keeps()
    {
        string path = Path.Combine(TestPaths.Goldens, "smollm2", "presses.json");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
        var tensors = new GoldenTensors(Path.ChangeExtension(path, ".safetensors"));
        LoadedModel model = ModelLoader.Open(TestPaths.SmolLm2!);
        using var fixture = new BackendFixture(model, tokens: 2048, pageTokens: 32, own: true);
        int[] context = Integers(json.RootElement.GetProperty("context_ids"));
        ICompressionPolicy policy = Policy("observed_attention");
        ObservationOptions observation = ObservationOptions.For(policy.Request)!;
        using KvCache cache = fixture.Backend.CreateCache(observation);
        fixture.Forward(cache, context, chunk: 64);
        PolicyInput observed = Gather(new PolicyContext(context) { Observation = observation });
        PolicyInput run = Gather(new PolicyContext(context));
        Assert.InRange((double)cache.Companion!.Bytes / cache.Bytes, 0, 0.015);
        foreach (JsonProperty ratio in json.RootElement.GetProperty("after").GetProperty("observed_attention").EnumerateObject())
        {
            RetentionBudget budget = RetentionBudget.OfRatio(double.Parse(ratio.Name, CultureInfo.InvariantCulture));
            RetentionPlan plan = policy.Plan(observed, budget);
            CheckPlan(json.RootElement, tensors, "observed_attention", ratio.Name, plan);
            RetentionPlan exact = policy.Plan(run, budget);
            int different = Enumerable.Range(0, plan.Layers * plan.KvHeads).Sum(i => exact
                .Kept(i / plan.KvHeads, i % plan.KvHeads).ToArray().Except(plan.Kept(i / plan.KvHeads, i % plan.KvHeads).ToArray()).Count());
            Assert.True(different == 0, $"{ratio.Name}: {different} of {plan.TotalKept} slots are others");
        }

        PolicyInput Gather(PolicyContext owner) => PolicyInputs.Gather(fixture.Backend, cache, policy.Request, owner).Input;
    }

    private static ICompressionPolicy Policy(string name)
    {
        Assert.True(_policies.TryGetValue(name, out string? specification), $"no policy stands for {name}");
        return CompressionPolicies.Parse(specification);
    }

    // The frame of the chat template is where the reference's scores of KVzip are 0, behind the sinks.
    private static PolicyContext Owner(LoadedModel model, int[] context, GoldenTensors tensors)
    {
        Tokenizer tokenizer = Tokenizer.Load(model);
        int skip = 0;
        if (tensors.Contains("score.kvzip"))
        {
            float[] scores = tensors.Floats("score.kvzip")[..context.Length];
            skip = Array.FindIndex(scores, 4, s => s > 0);
        }

        return new PolicyContext(context)
        {
            Reconstruction = new ReconstructionPrompts(Ids(Prompt), Ids(Prompt), Ids(Suffix)) { Skip = skip },
        };

        int[] Ids(string text) => tokenizer.Encode(text, parseSpecial: true);
    }

    private static void CheckScores(string name, IScoringPolicy policy, PolicyInput input, float[] expected)
    {
        double tolerance = name == "expected_attention" ? 1e-3 : 1e-4;
        AttentionScores scores = policy.Score(input);
        AttentionScores ranked = policy.Rank(input);
        int tokens = input.Shape.LogicalLength;
        for (int layer = 0; layer < scores.Layers; layer++)
        {
            var actual = new List<float>();
            var wanted = new List<float>();
            for (int head = 0; head < scores.Heads; head++)
            {
                ReadOnlySpan<float> row = scores.Row(layer, head);
                for (int slot = 0; slot < tokens; slot++)
                {
                    // Windows and sinks hold fillers in the reference.
                    if (ranked.Row(layer, head)[slot] == row[slot])
                    {
                        actual.Add(row[slot]);
                        wanted.Add(expected[(((layer * scores.Heads) + head) * tokens) + slot]);
                    }
                }
            }

            float[] reference = [.. wanted];
            Compare.Within(tolerance * Compare.LargestMagnitude(reference), actual.ToArray(), reference, $"{name}, layer {layer}");
        }
    }

    /// <summary>Whether the plan is known to keep just what the reference keeps.</summary>
    private static bool CheckPlan(JsonElement golden, GoldenTensors tensors, string press, string ratio, RetentionPlan plan)
    {
        if (press == "none")
        {
            return true;
        }

        JsonElement counts = golden.GetProperty("kept_per_layer_and_head").GetProperty(press).GetProperty(ratio);
        int allowed = _global.Contains(press) ? 2 : 0;
        int[][]? kept = Reference(golden, tensors, press, ratio, plan);
        int different = 0;
        for (int i = 0; i < plan.Layers * plan.KvHeads; i++)
        {
            ReadOnlySpan<int> own = plan.Kept(i / plan.KvHeads, i % plan.KvHeads);
            int count = counts[i / plan.KvHeads][i % plan.KvHeads].GetInt32();
            Assert.True(Math.Abs(own.Length - count) <= allowed, $"{press} {ratio}, head {i}: {own.Length} slots for {count}");
            different += kept is null ? 0 : kept[i].Except(own.ToArray()).Count();
        }

        Assert.True(different <= plan.TotalKept / 100, $"{press} {ratio}: {different} of {plan.TotalKept} slots are others");
        return kept is not null && different == 0;
    }

    /// <summary>What the reference keeps: as recorded, or the best of its scores where every head keeps the same number.</summary>
    private static int[][]? Reference(JsonElement golden, GoldenTensors tensors, string press, string ratio, RetentionPlan plan)
    {
        int tokens = golden.GetProperty("n").GetInt32();
        if (tensors.Contains($"kept.{press}.{ratio}"))
        {
            return [.. tensors.Integers($"kept.{press}.{ratio}").Chunk(tokens).Select(row => row.Where(slot => slot >= 0).ToArray())];
        }

        if (_global.Contains(press) || !tensors.Contains($"score.{press}"))
        {
            return null;
        }

        int[][] kept = new int[plan.Layers * plan.KvHeads][];
        float[][] scores = [.. tensors.Floats($"score.{press}").Chunk(tokens)];
        bool arbitrary = false;
        for (int i = 0; i < kept.Length; i++)
        {
            int count = plan.Kept(i / plan.KvHeads, i % plan.KvHeads).Length;
            int[] order = [.. Enumerable.Range(0, tokens).OrderByDescending(slot => scores[i][slot])];
            kept[i] = order[..count];

            // Among equals at the border (a window's fillers, the same token twice in the first layer) its choice is nobody's to know.
            arbitrary |= count < tokens && scores[i][order[count - 1]] == scores[i][order[count]];
        }

        return arbitrary ? null : kept;
    }

    private static void CheckLogits(
        BackendFixture fixture, KvCache cache, RetentionPlan plan, JsonElement golden, string press, JsonProperty ratio)
    {
        using KvCache compacted = cache.Fork();
        PlanApplication.Apply(fixture.Backend, compacted, plan);
        float[] logits = fixture.Forward(compacted, Integers(golden.GetProperty("question_ids")))[^fixture.Vocabulary..];
        foreach (JsonElement best in ratio.Value.GetProperty("top10").EnumerateArray())
        {
            float expected = best[1].GetSingle();
            float actual = logits[best[0].GetInt32()];
            Assert.True(Math.Abs(expected - actual) <= LogitTolerance, $"{press} {ratio.Name}, token {best[0]}: {actual} for {expected}");
        }
    }

    private static int[] Integers(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];
}
