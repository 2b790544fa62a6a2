using KVCluster.Backend.Conformance.Support;
using KVCluster.Compression;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tests.Cpu;
using KVCluster.TestSupport;

namespace KVCluster.Backend.Conformance.Cases;

public abstract class ScoringConformance(TestBackend backend)
{
    [Theory]
    [InlineData(QueryAggregation.Max, false, null)]
    [InlineData(QueryAggregation.Mean, false, null)]
    [InlineData(QueryAggregation.Max, true, null)]
    [InlineData(QueryAggregation.Mean, true, 45)]
    public void Scores_equal_the_plain_models_attention_for_any_chunking(QueryAggregation aggregation, bool compacted, int? window)
    {
        ModelConfig config = RandomModel.Config(window: window);
        LoadedModel model = RandomModel.Create(config);
        var plain = new PlainModel(model);
        using var fixture = new BackendFixture(backend, model);
        int[] context = RandomModel.Tokens(90);
        using KvCache cache = fixture.Backend.CreateCache();
        fixture.Forward(cache, context);
        var rows = new PlainModel.Cache(config);
        plain.Forward(rows, context);
        if (compacted)
        {
            RetentionPlan plan = RandomPlans.Of(cache, 4);
            cache.Compact(plan);
            rows.Keep(plan);
        }

        int[][] prompts = [context, RandomModel.Tokens(31, 77)];
        double[][] expected = Expected(plain, config, rows, prompts, aggregation);
        int pages = cache.PageCount;
        foreach (int chunk in (int[])[512, 25, 1])
        {
            AttentionScores scores = Run(fixture, new ScoringRequest(cache, prompts.Select(p => new ReadOnlyMemory<int>(p)).ToArray(), aggregation, chunk));
            for (int i = 0; i < expected.Length; i++)
            {
                // The references' own tolerance for attention: 1e-4 of the largest value, here a probability near 1.
                Compare.Within(
                    1e-4, scores.Row(i / config.QueryHeads, i % config.QueryHeads), expected[i].Select(v => (float)v).ToArray(), $"row {i}, chunk {chunk}");
            }
        }

        Assert.Equal(pages, cache.PageCount);
        Assert.Equal(90, cache.LogicalLength);
    }

    [Fact]
    public void Forward_steps_may_run_between_two_steps_of_a_pass()
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        using var fixture = new BackendFixture(backend, model);
        int[] context = RandomModel.Tokens(64);
        using KvCache cache = fixture.Backend.CreateCache();
        fixture.Forward(cache, context);
        var request = new ScoringRequest(cache, [context], ChunkTokens: 16);
        AttentionScores undisturbed = Run(fixture, request);
        using KvCache other = fixture.Backend.CreateCache();
        using IScoringPass pass = fixture.Backend.BeginScoring(request);
        while (pass.Step())
        {
            fixture.Forward(other, RandomModel.Tokens(21, 3));
        }

        for (int l = 0; l < 3; l++)
        {
            Assert.Equal(undisturbed.Row(l, 1).ToArray(), pass.Result.Row(l, 1).ToArray());
        }
    }

    [Theory]
    [InlineData(QueryAggregation.Max, 9)]
    [InlineData(QueryAggregation.Mean, 9)]
    [InlineData(QueryAggregation.Max, 0)]
    [InlineData(QueryAggregation.Mean, 0)]
    public void Observed_attention_equals_the_plain_models_over_the_last_queries_of_each_step(QueryAggregation aggregation, int window)
    {
        ModelConfig config = RandomModel.Config();
        LoadedModel model = RandomModel.Create(config);
        var plain = new PlainModel(model);
        using var fixture = new BackendFixture(backend, model);
        using KvCache cache = fixture.Backend.CreateCache(new ObservationOptions(aggregation, window));
        var rows = new PlainModel.Cache(config);
        var sums = new double[config.Layers * config.KvHeads][];
        var counts = new int[200];
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] = new double[200];
        }

        foreach (int[] step in (int[][])[RandomModel.Tokens(40), RandomModel.Tokens(25, 6), [7], [8], [9]])
        {
            var means = new Dictionary<(int Layer, int Head, int Query), double[]>();
            plain.Forward(rows, step, (layer, head, query, p) =>
            {
                var key = (layer, head / config.GroupSize, query);
                means.TryAdd(key, new double[p.Length]);
                for (int j = 0; j < p.Length; j++)
                {
                    means[key][j] += p[j] / config.GroupSize;
                }
            });
            fixture.Forward(cache, step);
            foreach (var ((layer, head, query), p) in means.Where(m => window == 0 || m.Key.Query >= step.Length - window))
            {
                double[] sum = sums[(layer * config.KvHeads) + head];
                for (int j = 0; j < p.Length; j++)
                {
                    sum[j] = aggregation == QueryAggregation.Max ? Math.Max(sum[j], p[j]) : sum[j] + p[j];
                }
            }

            for (int j = 0; j < rows.Logical; j++)
            {
                // Of the step's queries that are observed, those at the slot's position or behind it.
                int observing = window == 0 ? step.Length : Math.Min(step.Length, window);
                counts[j] += Math.Min(observing, rows.Logical - j);
            }
        }

        AttentionScores observed = fixture.Backend.Observed(cache)!;
        for (int i = 0; i < sums.Length; i++)
        {
            Span<float> row = observed.Row(i / config.KvHeads, i % config.KvHeads);
            Assert.Equal(68, row.Length);
            for (int j = 0; j < row.Length; j++)
            {
                double expected = aggregation == QueryAggregation.Max ? sums[i][j] : sums[i][j] / counts[j];

                // bfloat16 keeps eight bits of the maximum.
                Assert.True(Math.Abs(row[j] - expected) <= (expected / 256) + 1e-5, $"row {i}, slot {j}: {row[j]} for {expected}");
            }
        }
    }

    [Fact]
    public void Observed_attention_follows_its_slots_through_forks_cuts_and_compaction()
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        using var fixture = new BackendFixture(backend, model);
        using KvCache cache = fixture.Backend.CreateCache(new ObservationOptions(QueryAggregation.Mean));
        fixture.Forward(cache, RandomModel.Tokens(50));
        AttentionScores before = fixture.Backend.Observed(cache)!;
        using KvCache fork = cache.Fork();
        RetentionPlan plan = RandomPlans.Of(cache, 2);
        cache.Compact(plan);
        AttentionScores after = fixture.Backend.Observed(cache)!;
        AttentionScores forked = fixture.Backend.Observed(fork)!;
        for (int l = 0; l < 3; l++)
        {
            float[] all = before.Row(l, 1).ToArray();
            Assert.Equal(plan.Kept(l, 1).ToArray().Select(s => all[s]), after.Row(l, 1).ToArray());
            Assert.Equal(all, forked.Row(l, 1).ToArray());
        }

        fork.Truncate(20);
        Assert.Equal(before.Row(2, 0)[..20].ToArray(), fixture.Backend.Observed(fork)!.Row(2, 0).ToArray());
    }

    private static AttentionScores Run(BackendFixture fixture, ScoringRequest request)
    {
        using IScoringPass pass = fixture.Backend.BeginScoring(request);
        double progress = 0;
        while (pass.Step())
        {
            Assert.True(pass.Progress > progress);
            progress = pass.Progress;
        }

        Assert.Equal(1, pass.Progress);
        return pass.Result;
    }

    private static double[][] Expected(
        PlainModel plain, ModelConfig config, PlainModel.Cache rows, int[][] prompts, QueryAggregation aggregation)
    {
        double[][] sums = Enumerable.Range(0, config.Layers * config.QueryHeads)
            .Select(i => new double[rows.Heads[(i / config.QueryHeads * config.KvHeads) + (i % config.QueryHeads / config.GroupSize)].Count]).ToArray();
        foreach (int[] prompt in prompts)
        {
            plain.Forward(rows.Copy(), prompt, (layer, head, _, p) =>
            {
                double[] sum = sums[(layer * config.QueryHeads) + head];
                for (int j = 0; j < sum.Length; j++)
                {
                    sum[j] = aggregation == QueryAggregation.Max ? Math.Max(sum[j], p[j]) : sum[j] + p[j];
                }
            });
        }

        int queries = prompts.Sum(p => p.Length);
        return aggregation == QueryAggregation.Max ? sums : sums.Select(s => s.Select(v => v / queries).ToArray()).ToArray();
    }
}
