using KVCluster.Compression.Policies;
using KVCluster.Compression.Scores;
using KVCluster.TestSupport;

namespace KVCluster.Compression.Tests.Policies;

/// <summary>Grouped attention, scores, ranking and composites against goldens/kvcompose.</summary>
[Trait("Category", "Goldens")]
public sealed class KvComposeScoreGoldenTests
{
    // The inputs are the golden attention itself, so only rounding of a few sums stands between: far below the suggested 1e-4.
    private const float Tolerance = 1e-6f;

    public static TheoryData<string> Cases() => new(KvComposeGolden.Names());

    [GoldenTheory("kvcompose")]
    [MemberData(nameof(Cases))]
    public void Grouped_attention(string name)
    {
        KvComposeGolden golden = KvComposeGolden.Load(name);
        foreach (string source in Sources(golden))
        {
            AttentionScores expected = golden.Scores($"{source}.grouped");
            AttentionScores actual = ScoreOperations.GroupToKvHeads(golden.Scores($"{source}.attention"), expected.Heads);
            AssertClose(Flat(expected), Flat(actual), $"{name} {source}.grouped");
        }
    }

    [GoldenTheory("kvcompose")]
    [MemberData(nameof(Cases))]
    public void Scores_ranking_and_composites_of_every_variant(string name)
    {
        KvComposeGolden golden = KvComposeGolden.Load(name);
        int variants = 0;
        foreach (string tensor in golden.Tensors.Names.Where(n => n.Contains(".scores", StringComparison.Ordinal)))
        {
            string source = tensor[..tensor.IndexOf('.', StringComparison.Ordinal)];
            string suffix = tensor[(source.Length + ".scores".Length)..];
            bool valueNorm = suffix.Contains("vnorm", StringComparison.Ordinal);
            KvComposePolicy policy = new(new KvComposeParameters
            {
                ValueNorm = valueNorm,
                HeadMean = !suffix.Contains("nomean", StringComparison.Ordinal),
            });
            AttentionScores actual = policy.Score(golden.Input(source, valueNorm));
            AssertClose(golden.Tensors.Floats(tensor), Flat(actual), $"{name} {tensor}");
            AssertComposites(golden, $"{source}.composite_per_layer{suffix}", actual, source == "reference");
            AssertRanking(golden, $"{source}.ranking{suffix}", actual);
            variants++;
        }

        Assert.True(variants > 0, $"{name} holds no scores");
    }

    private static IEnumerable<string> Sources(KvComposeGolden golden) =>
        new[] { "clean", "reference" }.Where(s => golden.Tensors.Contains($"{s}.attention"));

    private static void AssertComposites(KvComposeGolden golden, string tensor, AttentionScores scores, bool raiseFirstLayer)
    {
        float[][] composites = CompositeScores.Of(scores);
        if (raiseFirstLayer)
        {
            CompositeScores.RaiseFirstLayer(composites);
        }

        AssertClose(golden.Tensors.Floats(tensor), composites.SelectMany(c => c).ToArray(), tensor);
    }

    // Wherever the golden ranking has a gap wider than rounding, the best n slots must be its first n.
    private static void AssertRanking(KvComposeGolden golden, string tensor, AttentionScores scores)
    {
        if (!golden.Tensors.Contains(tensor))
        {
            return;
        }

        int compared = 0;
        int slots = scores.Slots(0, 0);
        int[][] ranking = golden.Tensors.Integers(tensor).Chunk(slots).ToArray();
        for (int i = 0; i < ranking.Length; i++)
        {
            ReadOnlySpan<float> row = scores.Row(i / scores.Heads, i % scores.Heads);
            for (int n = 1; n < slots; n++)
            {
                float kept = row[ranking[i][n - 1]];
                float dropped = row[ranking[i][n]];
                Assert.True(kept >= dropped - (1e-5f * Math.Abs(kept)), $"{tensor}: row {i} does not descend at rank {n}");
                if (kept - dropped > 1e-5f * Math.Abs(kept))
                {
                    Assert.Equal(ranking[i].Take(n).Order(), SlotSelection.Best(row, n));
                    compared++;
                }
            }
        }

        Assert.True(compared > 0, $"{tensor}: no rank compared");
    }

    private static float[] Flat(AttentionScores scores) =>
        Enumerable.Range(0, scores.Layers * scores.Heads)
            .SelectMany(i => scores.Row(i / scores.Heads, i % scores.Heads).ToArray())
            .ToArray();

    private static void AssertClose(float[] expected, float[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        float tolerance = Tolerance * expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance, $"{what}[{i}]: {actual[i]}, not {expected[i]}");
        }
    }
}
