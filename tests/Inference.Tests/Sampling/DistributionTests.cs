using KVCluster.Inference.Sampling;

namespace KVCluster.Inference.Tests.Sampling;

public class DistributionTests
{
    private const int Draws = 100_000;

    private static readonly float[] Logits = [1.5f, -0.5f, 0, 2, 2, -3, 1, float.NegativeInfinity, 0.25f, -1];

    public static TheoryData<SamplingOptions> Cases => new()
    {
        new SamplingOptions { Temperature = 1, Seed = 1 },
        new SamplingOptions { Temperature = 0.5f, Seed = 2 },
        new SamplingOptions { Temperature = 3, Seed = 3 },
        new SamplingOptions { Temperature = 1, TopK = 4, Seed = 4 },
        new SamplingOptions { Temperature = 1.2f, TopP = 0.8f, Seed = 5 },
        new SamplingOptions { Temperature = 0.8f, MinP = 0.2f, Seed = 6 },
        new SamplingOptions { Temperature = 2, TopK = 7, TopP = 0.9f, MinP = 0.15f, Seed = 7 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Tokens_come_as_often_as_the_distribution_says(SamplingOptions options)
    {
        SlowSampling.Kept expected = SlowSampling.Filter(Logits, options.Temperature, options.TopK, options.TopP, options.MinP);
        Sampler sampler = new(options, Logits.Length);
        int[] counts = new int[Logits.Length];
        for (int i = 0; i < Draws; i++)
        {
            counts[sampler.Sample(Logits).Token]++;
        }

        AssertFits(expected, counts);
    }

    [Fact]
    public void Every_part_of_a_large_vocabulary_is_drawn_from()
    {
        // Unfiltered drawing passes over whole blocks; equal parts of equal weights must come equally often.
        const int Parts = 25;
        float[] weights = new float[Parts * 401];
        Array.Fill(weights, 0.3f);
        Xoshiro256 random = new(8);
        int[] counts = new int[Parts];
        for (int i = 0; i < 50_000; i++)
        {
            counts[TokenDraw.FromAll(weights, random.NextDouble()) / 401]++;
        }

        int[] parts = [.. Enumerable.Range(0, Parts)];
        AssertFits(new SlowSampling.Kept(parts, [.. parts.Select(_ => 1.0 / Parts)], 0), counts);
    }

    [Fact]
    public void Tokens_without_weight_are_never_drawn()
    {
        float[] logits = [float.NegativeInfinity, -500, 0, float.NegativeInfinity, -500];
        foreach (double uniform in new[] { 0, 1e-300, 0.5, 1 - Math.Pow(2, -53) })
        {
            float[] weights = [.. logits.Select(logit => MathF.Exp(logit))];
            ulong[] keys = [.. Enumerable.Range(0, logits.Length).Select(i => LogitRanking.Key(logits[i], i))];

            Assert.Equal(2, TokenDraw.FromAll(weights, uniform));
            Assert.Equal(2, TokenDraw.From(keys, weights, uniform));
        }
    }

    [Fact]
    public void Drawing_lays_the_weights_end_to_end()
    {
        Random random = new(9);
        float[] weights = [.. Enumerable.Range(0, 5000).Select(_ => random.Next(4))];
        ulong[] keys = [.. Enumerable.Range(0, weights.Length).Select(i => LogitRanking.Key(0, i))];
        double total = weights.Sum();
        double before = 0;
        for (int token = 0; token < weights.Length; before += weights[token++])
        {
            if (weights[token] > 0)
            {
                double uniform = (before + (weights[token] / 2)) / total;
                Assert.Equal(token, TokenDraw.FromAll(weights, uniform));
                Assert.Equal(token, TokenDraw.From(keys, weights, uniform));
            }
        }
    }

    /// <summary>Pearson's chi-square within six standard deviations of its mean, and nothing outside the kept set.</summary>
    private static void AssertFits(SlowSampling.Kept expected, int[] counts)
    {
        double draws = counts.Sum();
        double chiSquare = 0;
        for (int i = 0; i < expected.Tokens.Length; i++)
        {
            double mean = draws * expected.Probabilities[i];
            if (mean > 0)
            {
                chiSquare += Math.Pow(counts[expected.Tokens[i]] - mean, 2) / mean;
            }
        }

        double freedom = expected.Probabilities.Count(p => p > 0) - 1;
        Assert.True(chiSquare < freedom + (6 * Math.Sqrt(2 * freedom)), $"chi-square {chiSquare} with {freedom} degrees of freedom");
        Assert.All(Enumerable.Range(0, counts.Length).Except(expected.Tokens), token => Assert.Equal(0, counts[token]));
    }
}
