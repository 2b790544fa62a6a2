using KVCluster.Inference.Sampling;

namespace KVCluster.Inference.Tests.Sampling;

public class GreedyTests
{
    [Fact]
    public void Picks_the_first_of_the_largest_at_every_length()
    {
        Random random = new(1);
        for (int round = 0; round < 20_000; round++)
        {
            float[] logits = RandomLogits.Any(random, 200);

            int token = new Sampler(new SamplingOptions(), logits.Length).Sample(logits).Token;

            Assert.Equal(FirstMax(logits), token);
        }
    }

    [Fact]
    public void Two_equal_largest_logits_anywhere_give_the_first()
    {
        const int Length = 150;
        Sampler sampler = new(new SamplingOptions(), Length);
        for (int first = 0; first < Length; first++)
        {
            for (int second = first + 1; second < Length; second++)
            {
                float[] logits = new float[Length];
                Array.Fill(logits, -1f);
                logits[first] = 2;
                logits[second] = 2;

                Assert.Equal(first, sampler.Sample(logits).Token);
            }
        }
    }

    [Fact]
    public void Negative_zero_equals_positive_zero()
    {
        Assert.Equal(1, new Sampler(new SamplingOptions(), 3).Sample([-1, -0f, 0]).Token);
        Assert.Equal(0, new Sampler(new SamplingOptions { RepetitionPenalty = 2 }, 3).Sample([-0f, 0, -1]).Token);
    }

    [Fact]
    public void Draws_no_random_number_and_ignores_the_filters()
    {
        SamplingOptions options = new() { TopK = 2, TopP = 0.5f, MinP = 0.5f };
        float[] logits = RandomLogits.Normal(new Random(3), 1000, 2);

        for (ulong seed = 0; seed < 20; seed++)
        {
            Assert.Equal(FirstMax(logits), new Sampler(options with { Seed = seed }, 1000).Sample(logits).Token);
        }
    }

    [Fact]
    public void Filters_that_leave_one_token_are_greedy_at_any_temperature()
    {
        Random random = new(4);
        SamplingOptions[] narrow =
        [
            new() { Temperature = 5, TopK = 1 },
            new() { Temperature = 5, TopP = 1e-6f },
            new() { Temperature = float.Epsilon },
        ];
        for (int round = 0; round < 300; round++)
        {
            float[] logits = RandomLogits.Normal(random, random.Next(1, 3000), 3);
            foreach (SamplingOptions options in narrow)
            {
                Assert.Equal(FirstMax(logits), new Sampler(options, logits.Length).Sample(logits).Token);
            }
        }
    }

    private static int FirstMax(float[] logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            best = logits[i] > logits[best] ? i : best;
        }

        return best;
    }
}
