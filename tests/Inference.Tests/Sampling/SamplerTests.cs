using KVCluster.Inference.Sampling;

namespace KVCluster.Inference.Tests.Sampling;

public class SamplerTests
{
    private static readonly SamplingOptions Full = new()
    {
        Temperature = 0.9f,
        TopK = 50,
        TopP = 0.95f,
        MinP = 0.01f,
        RepetitionPenalty = 1.2f,
        LogProbabilities = 5,
        Seed = 42,
    };

    [Fact]
    public void A_seed_gives_the_same_tokens_and_another_seed_others()
    {
        float[][] steps = Steps(21, 60, 2000);

        Assert.Equal(Run(Full, steps), Run(Full, steps));
        Assert.NotEqual(Run(Full, steps), Run(Full with { Seed = 43 }, steps));
    }

    [Fact]
    public void A_seed_means_these_tokens_for_good()
    {
        // Powers of two on flat logits: no rounding, so the tokens follow from the generator alone. A change breaks stored seeds.
        float[] logits = new float[1024];
        Xoshiro256 random = new(2024);
        Sampler sampler = new(new SamplingOptions { Temperature = 1, Seed = 2024 }, logits.Length);

        int[] expected = [.. Enumerable.Range(0, 50).Select(_ => (int)(random.NextDouble() * 1024))];

        Assert.Equal(expected, Enumerable.Range(0, 50).Select(_ => sampler.Sample(logits).Token));
    }

    [Fact]
    public void Without_a_seed_one_is_drawn_and_told()
    {
        float[][] steps = Steps(22, 40, 500);
        SamplingOptions unseeded = Full with { Seed = null };
        Sampler first = new(unseeded, 500);
        Sampler second = new(unseeded, 500);

        Assert.NotEqual(first.Seed, second.Seed);
        Assert.Equal(steps.Select(step => first.Sample(step).Token), Run(Full with { Seed = first.Seed }, steps));
    }

    [Fact]
    public void Conversations_do_not_touch_each_other()
    {
        float[][] steps = Steps(23, 30, 800);
        Sampler[] batch = [.. Enumerable.Range(0, 4).Select(seed => new Sampler(Full with { Seed = (ulong)seed }, 800))];

        int[][] together = [.. steps.Select(step => batch.Select(sampler => sampler.Sample(step).Token).ToArray())];

        for (int seed = 0; seed < batch.Length; seed++)
        {
            Assert.Equal(Run(Full with { Seed = (ulong)seed }, steps), together.Select(step => step[seed]));
        }
    }

    [Theory]
    [InlineData(1.3f)]
    [InlineData(0.7f)]
    public void The_penalty_divides_positive_and_multiplies_negative_logits_once_a_token(float penalty)
    {
        Random random = new(24);
        for (int round = 0; round < 500; round++)
        {
            float[] logits = RandomLogits.Normal(random, random.Next(1, 300), 1);
            int[] prompt = [.. Enumerable.Range(0, random.Next(0, 400)).Select(_ => random.Next(logits.Length))];
            Sampler sampler = new(new SamplingOptions { RepetitionPenalty = penalty }, logits.Length);
            sampler.Observe(prompt);
            HashSet<int> seen = [.. prompt];
            for (int step = 0; step < 10; step++)
            {
                float[] penalized =
                    [.. logits.Select((logit, i) => !seen.Contains(i) ? logit : logit < 0 ? logit * penalty : logit / penalty)];
                int expected = SlowSampling.Rank(penalized)[0];

                Assert.Equal(expected, sampler.Sample(logits).Token);
                seen.Add(expected);
            }
        }
    }

    [Fact]
    public void The_penalty_comes_before_temperature_and_filters()
    {
        // Halved, the seen token falls from first to last of three, and top-k leaves it out.
        SamplingOptions options = new() { Temperature = 1, TopK = 2, RepetitionPenalty = 2, Seed = 3 };
        for (ulong seed = 0; seed < 200; seed++)
        {
            Sampler sampler = new(options with { Seed = seed }, 3);
            sampler.Observe([0]);

            Assert.NotEqual(0, sampler.Sample([4, 3, 3]).Token);
        }
    }

    [Fact]
    public void A_step_allocates_nothing()
    {
        float[] logits = RandomLogits.Normal(new Random(25), 49_152, 3);
        foreach (SamplingOptions options in new[]
        {
            new SamplingOptions(), Full, Full with { TopK = 0 }, Full with { TopK = 0, TopP = 1, MinP = 0 }, Full with { Temperature = 0 },
        })
        {
            Sampler sampler = new(options, logits.Length);

            // The least of several runs: a full collection may empty the array pool once.
            Assert.Equal(0, Enumerable.Range(0, 5).Min(_ => AllocatedBytes(sampler, logits)));
        }
    }

    [Theory]
    [InlineData(float.NaN, "NaN")]
    [InlineData(float.PositiveInfinity, "infinite")]
    public void A_logit_that_is_no_number_is_named_and_leaves_the_sampler_as_it_was(float bad, string word)
    {
        foreach (SamplingOptions options in new[] { new SamplingOptions(), Full })
        {
            float[][] steps = Steps(26, 10, 300);
            Sampler sampler = new(options, 300);
            for (int position = 0; position < 300; position += 13)
            {
                float[] logits = [.. steps[0]];
                logits[position] = bad;

                InputException error = Assert.Throws<InputException>(() => sampler.Sample(logits));
                Assert.Contains($"token {position} is {word}", error.Message, StringComparison.Ordinal);
            }

            Assert.Equal(Run(options, steps), steps.Select(step => sampler.Sample(step).Token));
        }
    }

    [Fact]
    public void No_finite_logit_is_an_error()
    {
        float[] logits = [float.NegativeInfinity, float.NegativeInfinity];

        InputException error = Assert.Throws<InputException>(() => new Sampler(new SamplingOptions(), 2).Sample(logits));

        Assert.Contains("no logit is finite", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_sizes_and_tokens_outside_the_vocabulary_are_refused()
    {
        Sampler sampler = new(Full, 10);

        Assert.Throws<ArgumentException>(() => sampler.Sample(new float[9]));
        Assert.Contains("token 10", Assert.Throws<InputException>(() => sampler.Observe([1, 10])).Message, StringComparison.Ordinal);
        Assert.Contains("token -1", Assert.Throws<InputException>(() => sampler.Observe([-1])).Message, StringComparison.Ordinal);
    }

    private static long AllocatedBytes(Sampler sampler, float[] logits)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 20; i++)
        {
            sampler.Sample(logits);
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static float[][] Steps(int seed, int count, int vocabularySize)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => RandomLogits.Normal(random, vocabularySize, 2))];
    }

    private static int[] Run(SamplingOptions options, float[][] steps)
    {
        Sampler sampler = new(options, steps[0].Length);
        return [.. steps.Select(step => sampler.Sample(step).Token)];
    }
}
