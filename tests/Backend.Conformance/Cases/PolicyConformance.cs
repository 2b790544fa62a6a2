using System.Collections.Concurrent;
using System.Text.Json;
using KVCluster.Backend.Conformance.Support;
using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Compression.Scores;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tests.Cpu;
using KVCluster.Inference.Tests.Models;
using KVCluster.Inference.Tests.Policies;
using KVCluster.TestSupport;

namespace KVCluster.Backend.Conformance.Cases;

/// <summary>
/// Every policy against its reference, through the real backend: what is gathered, what is kept, and the logits after rows have really gone.
/// </summary>
[Trait("Category", "Goldens")]
public abstract class PolicyConformance(TestBackend backend)
{
    private const double LogitTolerance = 2e-4;
    private const double ScoreTolerance = 1e-4;
    private const double KeyTolerance = 1e-4;

    private static readonly ConcurrentDictionary<string, Lazy<LoadedModel>> _models = new();

    [GoldenTheory("presses")]
    [MemberData(nameof(PressGolden.Names), MemberType = typeof(PressGolden))]
    public void Kept_sets_and_logits_are_the_references(string name)
    {
        PressGolden golden = PressGolden.Load(name);
        LoadedModel model = _models
            .GetOrAdd(golden.Model, n => new Lazy<LoadedModel>(() => ModelLoader.Open(Path.Combine(GoldenModels.Folder, n)))).Value;
        using var fixture = new BackendFixture(backend, model);
        ICompressionPolicy policy = CompressionPolicies.Parse(PressSpecification.Of(golden.Json));
        Check(golden, fixture, policy, observe: null);
        if (ObservationOptions.For(policy.Request) is { } observe)
        {
            Check(golden, fixture, policy, observe);
        }
    }

    private static void Check(PressGolden golden, BackendFixture fixture, ICompressionPolicy policy, ObservationOptions? observe)
    {
        using KvCache cache = fixture.Backend.CreateCache(observe);
        fixture.Forward(cache, golden.Context, chunk: 50);
        PolicyContext owner = golden.Owner() with { Observation = observe };
        PolicyInput input = PolicyInputs.Gather(fixture.Backend, cache, policy.Request, owner).Input;
        if (policy is IScoringPolicy scorer && golden.Tensors.Contains("scores"))
        {
            CheckScores(golden, scorer, input);
        }

        RetentionPlan plan = policy.Plan(input, Budget(golden));
        CheckKept(golden, plan);
        if (policy.Request.SlotNorms is { } norm)
        {
            AttentionScores all = ScoreOperations.GroupToKvHeads(fixture.Backend.ProjectedValueNorms(cache, norm), input.Shape.KvHeads);
            CheckKept(golden, policy.Plan(input with { SlotNorms = new GivenSlotNorms(all) }, Budget(golden)));
        }

        PlanApplication.Apply(fixture.Backend, cache, plan);
        Assert.Equal(golden.Json.GetProperty("question_start_position").GetInt32(), cache.LogicalLength);
        CheckKeys(golden, fixture, cache);
        CheckLogits(golden, fixture, cache);
    }

    // Where the reference cuts by a threshold or by heads instead, nothing more need go.
    private static RetentionBudget Budget(PressGolden golden)
    {
        JsonElement ratio = golden.Json.GetProperty("compression_ratio");
        bool ofHeads = golden.Json.GetProperty("params").TryGetProperty("head_compression_ratio", out _);
        return RetentionBudget.OfRatio(ratio.ValueKind == JsonValueKind.Null || ofHeads ? 0 : ratio.GetDouble());
    }

    private static void CheckKept(PressGolden golden, RetentionPlan plan)
    {
        for (int layer = 0; layer < plan.Layers; layer++)
        {
            for (int head = 0; head < plan.KvHeads; head++)
            {
                Assert.Equal(golden.Kept(layer, head), plan.Kept(layer, head).ToArray());
            }
        }
    }

    // Protected slots hold a fill value in the reference, which is no score.
    private static void CheckScores(PressGolden golden, IScoringPolicy policy, PolicyInput input)
    {
        AttentionScores scores = policy.Score(input);
        AttentionScores ranked = policy.Rank(input);
        float[] expected = golden.Tensors.Floats("scores");
        int tokens = golden.Tensors.Shape("scores")[2];
        var compared = new List<(float Actual, float Expected)>();
        for (int i = 0; i < scores.Layers * scores.Heads; i++)
        {
            ReadOnlySpan<float> row = scores.Row(i / scores.Heads, i % scores.Heads);
            ReadOnlySpan<float> rank = ranked.Row(i / scores.Heads, i % scores.Heads);
            for (int slot = 0; slot < tokens; slot++)
            {
                bool filled = rank[slot] != row[slot] || (policy.Name == "lagkv" && expected[(i * tokens) + slot] == 1);
                if (!filled)
                {
                    compared.Add((row[slot], expected[(i * tokens) + slot]));
                }
            }
        }

        float largest = Compare.LargestMagnitude(compared.Select(c => c.Expected).ToArray());
        Compare.Within(
            ScoreTolerance * largest, compared.Select(c => c.Actual).ToArray(), compared.Select(c => c.Expected).ToArray(), "scores");
    }

    private static void CheckKeys(PressGolden golden, BackendFixture fixture, KvCache cache)
    {
        const string Name = "keys_after_last_layer";
        if (!golden.Tensors.Contains(Name))
        {
            return;
        }

        int[] shape = golden.Tensors.Shape(Name);
        var keys = new float[shape[0] * shape[1] * shape[2]];
        for (int head = 0; head < shape[0]; head++)
        {
            int rows = shape[1] * shape[2];
            fixture.Backend.ReadKeys(cache, cache.Geometry.Layers - 1, head, 0, shape[1], keys.AsSpan(head * rows, rows));
        }

        Compare.Within(KeyTolerance, keys, golden.Tensors.Floats(Name), "keys of the last layer");
    }

    private static void CheckLogits(PressGolden golden, BackendFixture fixture, KvCache cache)
    {
        float[] question = fixture.Forward(cache, golden.Question);
        Compare.Within(LogitTolerance, question, golden.Tensors.Floats("question_logits"), "question logits");
        float[] decode = golden.Tensors.Floats("decode_logits");
        int[] greedy = golden.Greedy;
        int safe = golden.Json.GetProperty("greedy_safe_tokens").GetInt32();
        int steps = golden.Tensors.Shape("decode_logits")[0];
        ReadOnlySpan<float> logits = question.AsSpan(question.Length - fixture.Vocabulary);
        for (int i = 0; i < greedy.Length; i++)
        {
            if (i < safe)
            {
                Assert.Equal(greedy[i], BackendFixture.Best(logits).Token);
            }

            logits = fixture.Forward(cache, new[] { greedy[i] });
            if (i < steps)
            {
                Compare.Within(LogitTolerance, logits, decode.AsSpan(i * fixture.Vocabulary, fixture.Vocabulary), $"logits after token {i}");
            }
        }
    }
}
