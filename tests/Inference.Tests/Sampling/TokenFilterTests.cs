using System.Numerics.Tensors;
using KVCluster.Inference.Sampling;

namespace KVCluster.Inference.Tests.Sampling;

public class TokenFilterTests
{
    private static readonly float[] Temperatures = [0.3f, 0.7f, 1, 1.5f, 4];

    [Fact]
    public void Top_k_keeps_exactly_the_k_best_in_order()
    {
        Random random = new(11);
        for (int round = 0; round < 2000; round++)
        {
            float[] logits = RandomLogits.Any(random, 500);
            int k = random.Next(1, logits.Length + 1);
            ulong[] keys = new ulong[k];

            LogitRanking.SelectTop(logits, keys);

            Assert.Equal(SlowSampling.Rank(logits)[..k], keys.Select(LogitRanking.Token));
        }
    }

    [Theory]
    [InlineData("top-k")]
    [InlineData("top-p")]
    [InlineData("min-p")]
    [InlineData("all")]
    public void Keeps_what_the_plain_implementation_keeps(string filters)
    {
        Random random = new(12);
        int checkedCases = 0;
        const int Rounds = 1500;
        for (int round = 0; round < Rounds; round++)
        {
            float[] logits = RandomLogits.Any(random, 400);
            SamplingOptions options = new()
            {
                Temperature = Temperatures[random.Next(Temperatures.Length)],
                TopK = filters is "top-k" || (filters is "all" && random.Next(2) == 0) ? random.Next(1, logits.Length + 5) : 0,
                TopP = filters is "top-p" or "all" ? (float)(1 - Math.Pow(random.NextDouble(), 3)) : 1,
                MinP = filters is "min-p" or "all" ? (float)Math.Pow(random.NextDouble(), 3) : 0,
            };
            if (options.TopP == 0 || !TokenFilter.Applies(options, logits.Length))
            {
                continue;
            }

            SlowSampling.Kept expected = SlowSampling.Filter(logits, options.Temperature, options.TopK, options.TopP, options.MinP);
            if (expected.Margin > 1e-5)
            {
                Assert.Equal(expected.Tokens.Order(), Keep(logits, options).Order());
                checkedCases++;
            }
        }

        Assert.True(checkedCases > Rounds * 3 / 4, $"only {checkedCases} cases were clear of rounding");
    }

    [Fact]
    public void A_vocabulary_of_real_size_is_filtered_as_a_small_one()
    {
        Random random = new(13);
        int checkedCases = 0;
        foreach (double deviation in new[] { 0.01, 1, 3, 8 })
        {
            float[] logits = RandomLogits.Normal(random, 49_152, deviation);
            foreach (SamplingOptions options in new SamplingOptions[]
            {
                new() { Temperature = 1, TopP = 0.9f },
                new() { Temperature = 0.7f, TopK = 40, TopP = 0.95f, MinP = 0.05f },
                new() { Temperature = 1.3f, MinP = 0.1f },
                new() { Temperature = 1, TopK = 40_000 },
            })
            {
                SlowSampling.Kept expected = SlowSampling.Filter(logits, options.Temperature, options.TopK, options.TopP, options.MinP);
                if (expected.Margin > 1e-6)
                {
                    Assert.Equal(expected.Tokens.Order(), Keep(logits, options).Order());
                    checkedCases++;
                }
            }
        }

        Assert.True(checkedCases >= 6, $"only {checkedCases} cases were clear of rounding");
    }

    [Fact]
    public void Equal_logits_are_kept_by_id()
    {
        float[] logits = new float[64];

        Assert.Equal([0, 1, 2], Keep(logits, new SamplingOptions { Temperature = 1, TopK = 3 }));
        Assert.Equal(Enumerable.Range(0, 32), Keep(logits, new SamplingOptions { Temperature = 1, TopP = 0.5f }));
        Assert.Equal(Enumerable.Range(0, 64), Keep(logits, new SamplingOptions { Temperature = 1, MinP = 1 }));
    }

    [Fact]
    public void At_least_the_best_token_is_kept()
    {
        float[] logits = RandomLogits.Normal(new Random(14), 5000, 1e-4);

        Assert.Equal([SlowSampling.Rank(logits)[0]], Keep(logits, new SamplingOptions { Temperature = 50, TopP = float.Epsilon }));
    }

    private static int[] Keep(float[] logits, SamplingOptions options)
    {
        float[] weights = new float[logits.Length];
        TensorPrimitives.Subtract(logits, logits.Max(), weights);
        TensorPrimitives.Divide(weights, options.Temperature, weights);
        TensorPrimitives.Exp(weights, weights);
        ulong[] keys = new ulong[TokenFilter.Capacity(options, logits.Length)];
        int count = TokenFilter.Keep(logits, weights, options, keys);
        return [.. keys.Take(count).Select(LogitRanking.Token)];
    }
}
