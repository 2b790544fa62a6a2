using KVCluster.Backend.Conformance.Support;
using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tests.Cpu;
using KVCluster.TestSupport;

namespace KVCluster.Backend.Conformance.Cases;

/// <summary>Plans that do more than drop slots: positions closed up, dropped slots merged into one.</summary>
public abstract class PlanConformance(TestBackend backend)
{
    [Theory]
    [InlineData(KvElementType.F32, 1e-4)]
    [InlineData(KvElementType.BF16, 0.05)]
    public void Closed_positions_leave_a_fork_alone_and_give_what_a_plain_model_gives(KvElementType type, double tolerance)
    {
        ModelConfig config = RandomModel.Config();
        LoadedModel model = RandomModel.Create(config);
        using var fixture = new BackendFixture(backend, model, type);
        int[] context = RandomModel.Tokens(70);
        using KvCache cache = fixture.Backend.CreateCache();
        fixture.Forward(cache, context);
        float[] before = Keys(fixture, cache);
        using KvCache fork = cache.Fork();
        RetentionPlan plan = RandomPlans.Of(cache, 9);
        PlanApplication.Apply(fixture.Backend, fork, plan.ClosingPositions());

        int longest = Enumerable.Range(0, cache.Geometry.Heads).Max(i => plan.Kept(i / config.KvHeads, i % config.KvHeads).Length);
        Assert.Equal(longest, fork.LogicalLength);
        Assert.False(fork.IsExact);
        Assert.Equal(before, Keys(fixture, cache));
        for (int i = 0; i < cache.Geometry.Heads; i++)
        {
            int layer = i / config.KvHeads;
            int head = i % config.KvHeads;
            ReadOnlySpan<int> kept = plan.Kept(layer, head);
            var keys = new float[kept.Length * config.HeadSize];
            fixture.Backend.ReadKeys(fork, layer, head, 0, kept.Length, keys);
            for (int s = 0; s < kept.Length; s++)
            {
                Assert.Equal(longest - kept.Length + s, fork.OriginalPosition(layer, head, s));
                var original = new float[config.HeadSize];
                fixture.Backend.ReadKeys(cache, layer, head, kept[s], 1, original);
                float[] turned = Turn(original, config, fork.OriginalPosition(layer, head, s) - kept[s]);
                Compare.Within(tolerance, keys.AsSpan(s * config.HeadSize, config.HeadSize), turned, $"head {i}, slot {s}");
            }
        }

        // The conversation goes on from there, and what is appended is cut off again as ever.
        fixture.Forward(fork, RandomModel.Tokens(5));
        Assert.Equal(longest + 5, fork.LogicalLength);
        fork.Truncate(longest);
        Assert.Equal(plan.Kept(0, 0).Length, fork.Length(0, 0));
        fork.Dispose();
        fixture.Backend.Pool.CheckIntegrity();
    }

    [Fact]
    public void A_compensation_token_is_the_mean_of_the_dropped_with_their_number_as_weight()
    {
        ModelConfig config = RandomModel.Config();
        LoadedModel model = RandomModel.Create(config);
        using var fixture = new BackendFixture(backend, model);
        int[] context = RandomModel.Tokens(80);
        using KvCache cache = fixture.Backend.CreateCache();
        fixture.Forward(cache, context);
        var plain = new PlainModel(model);
        var rows = new PlainModel.Cache(config);
        plain.Forward(rows, context);
        var random = new Random(4);

        // Twice: the second time the first compensation token is itself dropped or kept, with its weight.
        foreach (double ratio in (double[])[0.5, 0.4])
        {
            var calibration = new HeadCalibration
            {
                InductionScores = [.. Enumerable.Range(0, config.Layers)
                    .Select(_ => Enumerable.Range(0, config.QueryHeads).Select(_ => random.NextSingle()).ToArray())],
            };
            ICompressionPolicy policy = CompressionPolicies.Parse("razor-attention:sinks=2,minimum-recents=3,retrieval-share=0.3");
            PolicyInput input = PolicyInputs.Gather(
                fixture.Backend, cache, policy.Request, new PolicyContext(context) { Calibration = calibration }).Input;
            RetentionPlan plan = policy.Plan(input, RetentionBudget.OfRatio(ratio));
            Assert.True(plan.Merges);
            PlanApplication.Apply(fixture.Backend, cache, plan);
            MergePlain(rows, plan, config);
            int[] question = RandomModel.Tokens(9, 31);
            using KvCache asked = cache.Fork();
            Compare.Within(
                5e-4,
                fixture.Forward(asked, question),
                plain.Forward(rows.Copy(), question).SelectMany(r => r.Select(v => (float)v)).ToArray(),
                $"logits at {ratio}");
        }
    }

    private static void MergePlain(PlainModel.Cache rows, RetentionPlan plan, ModelConfig config)
    {
        for (int i = 0; i < rows.Heads.Length; i++)
        {
            int carrier = plan.Carrier(i / config.KvHeads, i % config.KvHeads);
            int[] kept = plan.Kept(i / config.KvHeads, i % config.KvHeads).ToArray();
            if (carrier < 0)
            {
                continue;
            }

            List<PlainModel.Row> head = rows.Heads[i];
            int[] merged = [.. Enumerable.Range(0, head.Count).Where(s => s == carrier || !kept.Contains(s))];
            double total = merged.Sum(s => Math.Exp(head[s].Bias));
            double[] Mean(Func<PlainModel.Row, double[]> of) =>
                [.. Enumerable.Range(0, config.HeadSize).Select(d => merged.Sum(s => Math.Exp(head[s].Bias) * of(head[s])[d]) / total)];
            head[carrier] = new PlainModel.Row(Mean(r => r.Key), Mean(r => r.Value), head[carrier].Position, Math.Log(total));
        }

        rows.Keep(plan);
    }

    private static float[] Turn(float[] key, ModelConfig config, int by)
    {
        int half = config.HeadSize / 2;
        var turned = new float[key.Length];
        for (int i = 0; i < half; i++)
        {
            double angle = by * (double)config.Rotary.InverseFrequencies[i];
            turned[i] = (float)((key[i] * Math.Cos(angle)) - (key[i + half] * Math.Sin(angle)));
            turned[i + half] = (float)((key[i + half] * Math.Cos(angle)) + (key[i] * Math.Sin(angle)));
        }

        return turned;
    }

    private static float[] Keys(BackendFixture fixture, KvCache cache)
    {
        int size = cache.Geometry.HeadSize;
        var keys = new List<float>();
        for (int i = 0; i < cache.Geometry.Heads; i++)
        {
            int layer = i / cache.Geometry.KvHeads;
            int head = i % cache.Geometry.KvHeads;
            var rows = new float[cache.Length(layer, head) * size];
            fixture.Backend.ReadKeys(cache, layer, head, 0, cache.Length(layer, head), rows);
            keys.AddRange(rows);
        }

        return [.. keys];
    }
}
