using KVCluster.Backend.Conformance.Support;
using KVCluster.Compression;
using KVCluster.Inference;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tests.Cpu;
using KVCluster.TestSupport;

namespace KVCluster.Backend.Conformance.Cases;

public abstract class ForwardConformance(TestBackend backend)
{
    private const double Tolerance = 2e-4;

    public static TheoryData<int, int, int, int, int?, bool, bool> Shapes => new()
    {
        { 4, 2, 16, 40, null, false, false },
        { 6, 2, 32, 64, null, false, false },
        { 8, 1, 8, 48, null, true, false },
        { 3, 3, 24, 72, null, false, true },
        { 4, 2, 64, 96, 13, false, false },
        { 9, 3, 80, 33, 40, true, true },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Forward_equals_the_plain_model(int queryHeads, int kvHeads, int size, int hidden, int? window, bool norm, bool biases)
    {
        ModelConfig config = RandomModel.Config(2, queryHeads, kvHeads, size, hidden, 50, 97, window, norm);
        LoadedModel model = RandomModel.Create(config, 3, biases);
        int[] tokens = RandomModel.Tokens(75);
        double[][] expected = new PlainModel(model).Forward(new PlainModel.Cache(config), tokens);
        using var fixture = new BackendFixture(backend, model);
        foreach (int chunk in (int[])[75, 32, 7, 1])
        {
            using KvCache cache = fixture.Backend.CreateCache();
            double off = Compare.Largest(fixture.Forward(cache, tokens, chunk), expected);
            Assert.True(off < Tolerance, $"chunks of {chunk}: off by {off:g3}");
            Assert.Equal(75, cache.LogicalLength);
        }
    }

    [Theory]
    [InlineData(KvElementType.F32)]
    [InlineData(KvElementType.BF16)]
    [InlineData(KvElementType.Int8)]
    public void Chunked_prefill_equals_one_shot_prefill(KvElementType type)
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        using var fixture = new BackendFixture(backend, model, type);
        int[] tokens = RandomModel.Tokens(300);
        using KvCache whole = fixture.Backend.CreateCache();
        float[] expected = fixture.Forward(whole, tokens);
        foreach (int chunk in (int[])[128, 50, 13, 2])
        {
            using KvCache cache = fixture.Backend.CreateCache();
            Compare.Within(backend.RoundingTolerance(type), fixture.Forward(cache, tokens, chunk), expected, $"chunks of {chunk}");
        }
    }

    /// <summary>
    /// Against rows rounded as the type says the logits agree but for elements on a rounding border. Against exact rows the error is the
    /// type's own, stated here as root mean square relative to the logits (wide random weights and sharp attention: far from kind).
    /// </summary>
    [Theory]
    [InlineData(KvElementType.F32, 1e-5, 1e-5)]
    [InlineData(KvElementType.BF16, 2e-3, 0.05)]
    [InlineData(KvElementType.Int8, 5e-3, 0.10)]
    public void Stored_types_stay_within_their_error(KvElementType type, double againstRounded, double againstExact)
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        int[] tokens = RandomModel.Tokens(200);
        using var fixture = new BackendFixture(backend, model, type);
        using KvCache cache = fixture.Backend.CreateCache();
        float[] actual = fixture.Forward(cache, tokens, 64);
        double rounded = RelativeError(actual, new PlainModel(model, row => Rounded(type, row)));
        Assert.True(rounded < againstRounded, $"error {rounded:g3} against rounded rows");
        double exact = RelativeError(actual, new PlainModel(model));
        Assert.True(exact < againstExact, $"error {exact:g3} against exact rows");

        double RelativeError(float[] logits, PlainModel plain)
        {
            double[] expected = plain.Forward(new PlainModel.Cache(model.Config), tokens).SelectMany(r => r).ToArray();
            return Math.Sqrt(expected.Select((e, i) => (logits[i] - e) * (logits[i] - e)).Average() / expected.Average(e => e * e));
        }
    }

    private static double[] Rounded(KvElementType type, double[] row)
    {
        double scale = row.Max(Math.Abs) / 127;
        return type switch
        {
            KvElementType.BF16 => Array.ConvertAll(row, v => (double)BitConverter.UInt32BitsToSingle(
                (BitConverter.SingleToUInt32Bits((float)v) + 0x8000u) & 0xFFFF0000u)),
            KvElementType.Int8 => Array.ConvertAll(row, v => Math.Round(v / scale) * scale),
            _ => row,
        };
    }

    [Fact]
    public void A_batch_of_sequences_of_any_length_equals_each_alone()
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        using var fixture = new BackendFixture(backend, model);
        int[] lengths = [1, 5, 40, 33, 90];
        KvCache[] together = lengths.Select(_ => fixture.Backend.CreateCache()).ToArray();
        KvCache[] alone = lengths.Select(_ => fixture.Backend.CreateCache()).ToArray();
        int v = fixture.Vocabulary;

        // Two mixed steps: prompts of different lengths, then a decode of some beside a second chunk of others.
        for (int step = 0; step < 4; step++)
        {
            ForwardRequest[] requests = together.Select((cache, i) => new ForwardRequest(cache)
            {
                Tokens = RandomModel.Tokens(step % 2 == 0 || i % 2 == 0 ? lengths[i] : 1, (step * 10) + i),
                LogitsDestination = new float[v],
            }).ToArray();
            fixture.Backend.Forward(requests);
            for (int i = 0; i < alone.Length; i++)
            {
                float[] logits = fixture.Forward(alone[i], requests[i].Tokens);
                Compare.Within(Tolerance, requests[i].LogitsDestination.Span, logits.AsSpan(^v..), $"step {step}, sequence {i}");
            }
        }

        foreach (KvCache cache in together.Concat(alone))
        {
            cache.Dispose();
        }
    }

    [Fact]
    public void A_fork_goes_on_as_a_copy_and_leaves_its_origin_alone()
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        using var fixture = new BackendFixture(backend, model);
        int[] shared = RandomModel.Tokens(45);
        using KvCache origin = fixture.Backend.CreateCache();
        fixture.Forward(origin, shared);
        using KvCache fork = origin.Fork();
        using KvCache second = fixture.Backend.CreateCache();
        fixture.Forward(second, shared);

        float[] forked = fixture.Forward(fork, RandomModel.Tokens(30, 8));
        Assert.Equal(fixture.Forward(second, RandomModel.Tokens(30, 8)), forked);
        using KvCache third = fixture.Backend.CreateCache();
        fixture.Forward(third, shared);
        Assert.Equal(fixture.Forward(third, RandomModel.Tokens(20, 9)), fixture.Forward(origin, RandomModel.Tokens(20, 9)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(50)]
    public void After_compaction_decoding_equals_attention_over_exactly_the_kept_rows(int? window)
    {
        ModelConfig config = RandomModel.Config(window: window);
        LoadedModel model = RandomModel.Create(config);
        var plain = new PlainModel(model);
        using var fixture = new BackendFixture(backend, model);
        int[] tokens = RandomModel.Tokens(120);
        using KvCache cache = fixture.Backend.CreateCache();
        fixture.Forward(cache, tokens);
        var rows = new PlainModel.Cache(config);
        plain.Forward(rows, tokens);
        for (int round = 0; round < 3; round++)
        {
            RetentionPlan plan = RandomPlans.Of(cache, round);
            cache.Compact(plan);
            rows.Keep(plan);
            Assert.Equal(rows.Heads[1].Select(r => r.Position), Positions(cache, 0, 1));

            int[] question = RandomModel.Tokens(20, 50 + round);
            double off = Compare.Largest(fixture.Forward(cache, question, round == 1 ? 1 : 20), plain.Forward(rows, question));
            Assert.True(off < Tolerance, $"round {round}: off by {off:g3}");
            Assert.Equal(rows.Logical, cache.LogicalLength);
        }
    }

    [Fact]
    public void A_plan_that_keeps_everything_changes_nothing()
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        using var fixture = new BackendFixture(backend, model);
        using KvCache cache = fixture.Backend.CreateCache();
        fixture.Forward(cache, RandomModel.Tokens(60));
        using KvCache untouched = cache.Fork();
        int[][] all = Enumerable.Range(0, 6).Select(_ => Enumerable.Range(0, 60).ToArray()).ToArray();
        cache.Compact(new RetentionPlan(3, 2, all));
        Assert.True(cache.IsExact);
        Assert.Equal(fixture.Forward(untouched, RandomModel.Tokens(9, 2)), fixture.Forward(cache, RandomModel.Tokens(9, 2)));
    }

    [Fact]
    public void A_full_arena_refuses_before_anything_ran_and_leaks_nothing()
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        using var fixture = new BackendFixture(backend, model, tokens: 128);
        using KvCache a = fixture.Backend.CreateCache();
        using KvCache b = fixture.Backend.CreateCache();
        fixture.Forward(a, RandomModel.Tokens(64));
        LedgerSnapshot before = fixture.Backend.Pool.Ledger.Snapshot();
        Assert.Throws<ArenaFullException>(() => fixture.Backend.Forward(
        [
            new ForwardRequest(a) { Tokens = RandomModel.Tokens(30), Logits = LogitsRows.None },
            new ForwardRequest(b) { Tokens = RandomModel.Tokens(60), Logits = LogitsRows.None },
        ]));
        Assert.Equal(before, fixture.Backend.Pool.Ledger.Snapshot());
        Assert.Equal(64, a.LogicalLength);
        fixture.Forward(b, RandomModel.Tokens(64));
    }

    [Fact]
    public void Bad_requests_are_refused_by_name()
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        using var fixture = new BackendFixture(backend, model);
        using KvCache cache = fixture.Backend.CreateCache();
        Assert.Contains("97", Assert.Throws<InputException>(() => fixture.Forward(cache, new[] { 3, 97 })).Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => fixture.Forward(cache, new[] { -1 }));
        Assert.Throws<ArgumentException>(() => fixture.Backend.Forward(
            [new ForwardRequest(cache) { Tokens = new[] { 1 }, Logits = LogitsRows.None }, new ForwardRequest(cache) { Tokens = new[] { 1 } }]));
        Assert.Equal(0, cache.LogicalLength);
        Assert.Equal(0, cache.PageCount);
    }

    private static int[] Positions(KvCache cache, int layer, int head)
    {
        var positions = new int[cache.Length(layer, head)];
        cache.FillPositions(layer, head, positions);
        return positions;
    }
}
