using KVCluster.Backend.Conformance.Support;
using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tests.Cpu;
using KVCluster.TestSupport;

namespace KVCluster.Backend.Conformance.Cases;

/// <summary>The history pass and what else policies ask of a backend, against the plain model.</summary>
public abstract class HistoryConformance(TestBackend backend)
{
    [Theory]
    [InlineData(QueryAggregation.Mean, 7, null, false)]
    [InlineData(QueryAggregation.Max, 7, null, true)]
    [InlineData(QueryAggregation.Mean, 0, null, false)]
    [InlineData(QueryAggregation.Max, 25, 11, true)]
    [InlineData(QueryAggregation.Mean, 1, 11, false)]
    [InlineData(QueryAggregation.Mean, 500, null, true)]
    public void Window_attention_is_the_prefills_own_for_any_chunking(QueryAggregation aggregation, int window, int? sliding, bool norm)
    {
        ModelConfig config = RandomModel.Config(window: sliding, queryKeyNorm: norm);
        LoadedModel model = RandomModel.Create(config, biases: norm);
        using var fixture = new BackendFixture(backend, model);
        int[] context = RandomModel.Tokens(70);
        using KvCache cache = fixture.Backend.CreateCache();
        fixture.Forward(cache, context);
        int first = window == 0 ? 0 : Math.Max(0, context.Length - window);
        var expected = new double[config.Layers * config.QueryHeads][];
        for (int i = 0; i < expected.Length; i++)
        {
            expected[i] = new double[context.Length];
        }

        new PlainModel(model).Forward(new PlainModel.Cache(config), context, (layer, head, query, p) =>
        {
            double[] row = expected[(layer * config.QueryHeads) + head];
            for (int j = 0; j < p.Length && query >= first; j++)
            {
                row[j] = aggregation == QueryAggregation.Max ? Math.Max(row[j], p[j]) : row[j] + (p[j] / (context.Length - first));
            }
        });
        var request = new ScoreRequest { Attention = new AttentionRequest(AttentionSource.Window, aggregation) { Window = window } };
        foreach (int chunk in (int[])[512, 13, 1])
        {
            AttentionScores scores = PolicyInputs.Gather(
                fixture.Backend, cache, request, new PolicyContext(context) { ChunkTokens = chunk }).Input.Attention!;
            for (int i = 0; i < expected.Length; i++)
            {
                Compare.Within(
                    1e-4,
                    scores.Row(i / config.QueryHeads, i % config.QueryHeads),
                    Array.ConvertAll(expected[i], v => (float)v),
                    $"row {i}, chunk {chunk}");
            }
        }
    }

    [Fact]
    public void H2o_takes_what_the_cache_observed_where_it_observed_every_query()
    {
        using var fixture = new BackendFixture(backend, RandomModel.Create(RandomModel.Config()));
        ScoreRequest request = CompressionPolicies.Parse("h2o").Request;
        ObservationOptions observe = ObservationOptions.For(request)!;
        int[] context = RandomModel.Tokens(70);
        using KvCache cache = fixture.Backend.CreateCache(observe);
        fixture.Forward(cache, context[..40]);
        fixture.Forward(cache, context[40..69]);
        fixture.Forward(cache, context[69..]);
        PolicyInput again = PolicyInputs.Gather(fixture.Backend, cache, request, new PolicyContext(context)).Input;
        GatheredInput taken = PolicyInputs.Gather(fixture.Backend, cache, request, new PolicyContext(context) { Observation = observe });
        PolicyInput observed = taken.Input;

        // A pass would hold memory of its own.
        Assert.Equal(0, taken.WorkingBytes);
        AttentionScores expected = new H2oPolicy().Score(again);
        AttentionScores actual = new H2oPolicy().Score(observed);
        for (int i = 0; i < expected.Layers * expected.Heads; i++)
        {
            int layer = i / expected.Heads;
            int head = i % expected.Heads;
            Compare.Within(1e-5, actual.Row(layer, head), expected.Row(layer, head), $"row {i}");
        }
    }

    [Fact]
    public void What_a_prompts_last_step_observed_of_its_window_spares_running_it_again_until_something_comes_after()
    {
        using var fixture = new BackendFixture(backend, RandomModel.Create(RandomModel.Config()));
        ICompressionPolicy policy = CompressionPolicies.Parse("snapkv:window=20");
        ObservationOptions observe = ObservationOptions.For(policy.Request)!;
        int[] context = RandomModel.Tokens(90);
        using KvCache cache = fixture.Backend.CreateCache(observe);
        var owner = new PolicyContext(context[..85]) { Observation = observe };
        fixture.Forward(cache, context[..60]);
        fixture.Forward(cache, context[60..85]);
        AttentionScores again = Gather(owner with { Observation = null }, ran: true);
        AttentionScores observed = Gather(owner, ran: false);
        for (int i = 0; i < observed.Layers * observed.Heads; i++)
        {
            ReadOnlySpan<float> expected = again.Row(i / observed.Heads, i % observed.Heads);
            Compare.Within(1e-4 * Compare.LargestMagnitude(expected), observed.Row(i / observed.Heads, i % observed.Heads), expected, $"row {i}");
        }

        // A fork has it too, until it is compacted; a step too short to hold a window leaves none.
        using (KvCache fork = cache.Fork())
        {
            Assert.NotNull(fixture.Backend.Observed(fork));
            fork.Compact(RandomPlans.Of(fork, 2));
            Assert.Null(fixture.Backend.Observed(fork));
        }

        fixture.Forward(cache, context[85..]);
        Assert.Null(fixture.Backend.Observed(cache));
        Gather(owner with { History = context }, ran: true);
        fixture.Forward(cache, RandomModel.Tokens(30));
        Assert.NotNull(fixture.Backend.Observed(cache));

        AttentionScores Gather(PolicyContext context, bool ran)
        {
            GatheredInput input = PolicyInputs.Gather(fixture.Backend, cache, policy.Request, context);
            Assert.Equal(ran, input.WorkingBytes > 0);
            return ((IScoringPolicy)policy).Score(input.Input);
        }
    }

    [Fact]
    public void A_mean_observed_stays_what_it_was_when_positions_are_closed_up()
    {
        using var fixture = new BackendFixture(backend, RandomModel.Create(RandomModel.Config()));
        using KvCache cache = fixture.Backend.CreateCache(new ObservationOptions(QueryAggregation.Mean, Window: 0));
        fixture.Forward(cache, RandomModel.Tokens(50));
        cache.Compact(RandomPlans.Of(cache, 2));
        AttentionScores before = fixture.Backend.Observed(cache)!;
        fixture.Backend.ClosePositions(cache);
        AttentionScores after = fixture.Backend.Observed(cache)!;
        for (int i = 0; i < before.Layers * before.Heads; i++)
        {
            // A backend may keep its sums in three bytes.
            Compare.Within(1e-5, after.Row(i / before.Heads, i % before.Heads), before.Row(i / before.Heads, i % before.Heads), $"row {i}");
        }

        fixture.Forward(cache, RandomModel.Tokens(3));
        Assert.All(fixture.Backend.Observed(cache)!.Row(0, 0).ToArray(), value => Assert.InRange(value, 0, 1));
    }

    [Theory]
    [InlineData(QueryAggregation.Max)]
    [InlineData(QueryAggregation.Mean)]
    public void A_replay_in_pieces_sees_the_cache_and_its_own_piece(QueryAggregation aggregation)
    {
        ModelConfig config = RandomModel.Config();
        LoadedModel model = RandomModel.Create(config);
        var plain = new PlainModel(model);
        using var fixture = new BackendFixture(backend, model);
        int[] context = RandomModel.Tokens(50);
        using KvCache cache = fixture.Backend.CreateCache();
        fixture.Forward(cache, context);
        var rows = new PlainModel.Cache(config);
        plain.Forward(rows, context);
        var expected = new double[config.Layers * config.QueryHeads][];
        for (int i = 0; i < expected.Length; i++)
        {
            expected[i] = new double[context.Length];
        }

        foreach (int[] piece in context.Chunk(20))
        {
            plain.Forward(rows.Copy(), piece, (layer, head, _, p) =>
            {
                double[] row = expected[(layer * config.QueryHeads) + head];
                for (int j = 0; j < row.Length; j++)
                {
                    row[j] = aggregation == QueryAggregation.Max ? Math.Max(row[j], p[j]) : row[j] + (p[j] / context.Length);
                }
            });
        }

        var request = new ScoreRequest { Attention = new AttentionRequest(AttentionSource.Replay, aggregation) { ReplayTokens = 20 } };
        AttentionScores scores = PolicyInputs.Gather(
            fixture.Backend, cache, request, new PolicyContext(context) { ChunkTokens = 13 }).Input.Attention!;
        for (int i = 0; i < expected.Length; i++)
        {
            Compare.Within(
                1e-4, scores.Row(i / config.QueryHeads, i % config.QueryHeads), Array.ConvertAll(expected[i], v => (float)v), $"row {i}");
        }
    }

    [Fact]
    public void A_compacted_cache_is_seen_up_to_each_querys_position_even_where_a_head_is_empty()
    {
        ModelConfig config = RandomModel.Config();
        using var fixture = new BackendFixture(backend, RandomModel.Create(config));
        int[] context = RandomModel.Tokens(60);
        using KvCache cache = fixture.Backend.CreateCache();
        fixture.Forward(cache, context);
        int[][] kept = [.. Enumerable.Range(0, cache.Geometry.Heads)
            .Select(i => i == 2 ? [] : i == 3 ? new[] { 59 } : Enumerable.Range(0, 60).Where(s => (s + i) % 3 == 0).ToArray())];
        cache.Compact(new RetentionPlan(config.Layers, config.KvHeads, kept));
        var request = new ScoreRequest { Attention = new AttentionRequest(AttentionSource.Window, QueryAggregation.Mean) { Window = 10 } };
        AttentionScores scores = PolicyInputs.Gather(fixture.Backend, cache, request, new PolicyContext(context)).Input.Attention!;
        for (int i = 0; i < config.Layers * config.QueryHeads; i++)
        {
            int layer = i / config.QueryHeads;
            int kvHead = i % config.QueryHeads / config.GroupSize;
            float sum = 0;
            foreach (float value in scores.Row(layer, i % config.QueryHeads))
            {
                Assert.InRange(value, 0, 1);
                sum += value;
            }

            // Each query's attention sums to 1 where it sees anything: the lone slot at 59 is seen by the last query alone.
            float seen = kept[(layer * config.KvHeads) + kvHead].Length == 0 ? 0 : kept[(layer * config.KvHeads) + kvHead].Length == 1 ? 0.1f : 1;
            Assert.Equal(seen, sum, 1e-4);
        }
    }

    [Fact]
    public void A_reconstruction_scores_each_slot_by_its_own_chunks_replay_over_the_whole_cache()
    {
        ModelConfig config = RandomModel.Config();
        LoadedModel model = RandomModel.Create(config);
        using var fixture = new BackendFixture(backend, model);
        int[] context = RandomModel.Tokens(50);
        using KvCache cache = fixture.Backend.CreateCache();
        fixture.Forward(cache, context);
        var plain = new PlainModel(model);
        var rows = new PlainModel.Cache(config);
        plain.Forward(rows, context);
        var owner = new PolicyContext(context)
        {
            Reconstruction = new ReconstructionPrompts(new[] { 1, 2 }, new[] { 3 }, new[] { 4 }),
            ChunkTokens = 9,
        };
        var request = new ScoreRequest
        {
            Attention = new AttentionRequest(AttentionSource.Reconstruction, QueryAggregation.Max)
            {
                Reconstruction = new ReconstructionOptions(20, 3),
            },
        };
        AttentionScores scores = PolicyInputs.Gather(fixture.Backend, cache, request, owner).Input.Attention!;
        var expected = new double[config.Layers * config.QueryHeads][];
        for (int i = 0; i < expected.Length; i++)
        {
            expected[i] = new double[context.Length];
        }

        for (int begin = 0; begin < context.Length; begin += 20)
        {
            int end = Math.Min(context.Length, begin + 20);
            int[] prompt = begin == 0 ? [1, 2, 4, .. context[..end]] : [3, .. context[(begin - 3)..begin], 4, .. context[begin..end]];
            plain.Forward(rows.Copy(), prompt, (layer, head, _, p) =>
            {
                for (int j = begin; j < end; j++)
                {
                    double[] row = expected[(layer * config.QueryHeads) + head];
                    row[j] = Math.Max(row[j], p[j]);
                }
            });
        }

        for (int i = 0; i < expected.Length; i++)
        {
            Compare.Within(
                1e-4, scores.Row(i / config.QueryHeads, i % config.QueryHeads), Array.ConvertAll(expected[i], v => (float)v), $"row {i}");
        }
    }

    [Theory]
    [InlineData(VectorNorm.L1, 40)]
    [InlineData(VectorNorm.L2, 77)]
    [InlineData(VectorNorm.L2, 10)]
    public void Projected_value_norms_are_the_plain_ones(VectorNorm norm, int hidden)
    {
        ModelConfig config = RandomModel.Config(hidden: hidden);
        LoadedModel model = RandomModel.Create(config);
        using var fixture = new BackendFixture(backend, model);
        using KvCache cache = fixture.Backend.CreateCache();
        fixture.Forward(cache, RandomModel.Tokens(133));
        cache.Compact(RandomPlans.Of(cache, 3));
        AttentionScores norms = fixture.Backend.ProjectedValueNorms(cache, norm);
        var row = new float[config.QueryHeads * config.HeadSize];
        for (int i = 0; i < config.Layers * config.QueryHeads; i++)
        {
            int layer = i / config.QueryHeads;
            int head = i % config.QueryHeads;
            int slots = cache.Length(layer, head / config.GroupSize);
            var values = new float[slots * config.HeadSize];
            fixture.Backend.ReadValues(cache, layer, head / config.GroupSize, 0, slots, values);
            var expected = new double[slots];
            for (int r = 0; r < hidden; r++)
            {
                model.Weights.Layers[layer].AttentionOutput.DequantizeRow(r, row);
                for (int s = 0; s < slots; s++)
                {
                    double sum = Enumerable.Range(0, config.HeadSize)
                        .Sum(k => (double)row[(head * config.HeadSize) + k] * values[(s * config.HeadSize) + k]);
                    expected[s] += norm == VectorNorm.L1 ? Math.Abs(sum) : sum * sum;
                }
            }

            Compare.Within(
                1e-3,
                norms.Row(layer, head),
                expected.Select(v => (float)(norm == VectorNorm.L1 ? v : Math.Sqrt(v))).ToArray(),
                $"row {i}");
        }
    }

    [Fact]
    public void What_the_owner_must_know_is_named_where_it_is_absent()
    {
        using var fixture = new BackendFixture(backend, RandomModel.Create(RandomModel.Config()));
        int[] context = RandomModel.Tokens(20);
        using KvCache cache = fixture.Backend.CreateCache();
        fixture.Forward(cache, context);
        (string Policy, string Message)[] cases =
        [
            ("kvzip", "no prompt to ask for that"),
            ("fastgen", "nobody said which tokens those are"),
            ("kvcompose:scores=task", "no task prompt"),
            ("kvcompose:scores=observed", "opened without observation"),
        ];
        foreach ((string policy, string message) in cases)
        {
            InputException error = Assert.Throws<InputException>(() => PolicyInputs.Gather(
                fixture.Backend, cache, CompressionPolicies.Parse(policy).Request, new PolicyContext(context)));
            Assert.Contains(message, error.Message, StringComparison.Ordinal);
        }

        Assert.Throws<ArgumentException>(() => PolicyInputs.Gather(fixture.Backend, cache, ScoreRequest.None, new PolicyContext(context[..5])));
    }

    [Fact]
    public void A_gathering_can_be_cancelled_between_steps()
    {
        using var fixture = new BackendFixture(backend, RandomModel.Create(RandomModel.Config()));
        int[] context = RandomModel.Tokens(60);
        using KvCache cache = fixture.Backend.CreateCache();
        fixture.Forward(cache, context);
        using var cancel = new CancellationTokenSource();
        int calls = 0;
        Assert.Throws<OperationCanceledException>(() => PolicyInputs.Gather(
            fixture.Backend,
            cache,
            CompressionPolicies.Parse("h2o").Request,
            new PolicyContext(context) { ChunkTokens = 4 },
            _ =>
            {
                if (++calls == 3)
                {
                    cancel.Cancel();
                }
            },
            cancel.Token));
        Assert.Equal(3, calls);
    }
}
