using KVCluster.Inference.Sampling;

namespace KVCluster.Inference.Tests.Sampling;

public class LogProbabilityTests
{
    [Fact]
    public void Are_the_log_softmax_of_the_models_own_logits()
    {
        Random random = new(31);
        for (int round = 0; round < 200; round++)
        {
            float[] logits = RandomLogits.Any(random, 5000);
            int top = random.Next(0, SamplingOptions.MaxLogProbabilities + 1);
            SamplingOptions options = new()
            {
                Temperature = round % 2,
                TopP = 0.9f,
                RepetitionPenalty = 1.5f,
                LogProbabilities = top,
                Seed = (ulong)round,
            };
            double[] expected = SlowSampling.LogSoftmax(logits);
            int[] ranked = SlowSampling.Rank(logits);
            Sampler sampler = new(options, logits.Length);
            sampler.Observe([.. ranked.Take(3)]);

            SampledToken sampled = sampler.Sample(logits);

            AssertClose(expected[sampled.Token], sampled.LogProbability);
            TokenLogProbability[] alternatives = sampler.TopLogProbabilities.ToArray();
            Assert.Equal(ranked.Take(top), alternatives.Select(each => each.Token));
            Assert.All(alternatives, each => AssertClose(expected[each.Token], each.LogProbability));
        }
    }

    [Fact]
    public void Large_logits_do_not_overflow()
    {
        float[] logits = [3e38f, 3e38f, -3e38f];
        Sampler sampler = new(new SamplingOptions { LogProbabilities = 3 }, 3);

        SampledToken sampled = sampler.Sample(logits);

        AssertClose(-Math.Log(2), sampled.LogProbability);
        Assert.Equal([0, 1, 2], sampler.TopLogProbabilities.ToArray().Select(each => each.Token));
    }

    [Fact]
    public void Are_absent_unless_asked_for()
    {
        Sampler without = new(new SamplingOptions(), 3);
        Sampler only = new(new SamplingOptions { LogProbabilities = 0 }, 3);

        Assert.Null(without.Sample([0, 1, 2]).LogProbability);
        Assert.NotNull(only.Sample([0, 1, 2]).LogProbability);
        Assert.Equal(0, only.TopLogProbabilities.Length);
    }

    private static void AssertClose(double expected, float? actual)
    {
        Assert.NotNull(actual);
        if (double.IsNegativeInfinity(expected))
        {
            Assert.Equal(float.NegativeInfinity, actual);
            return;
        }

        Assert.True(Math.Abs(expected - actual.Value) <= 2e-6 * Math.Max(1, Math.Abs(expected)), $"expected {expected}, got {actual}");
    }
}
