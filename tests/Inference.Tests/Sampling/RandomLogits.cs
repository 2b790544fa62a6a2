namespace KVCluster.Inference.Tests.Sampling;

/// <summary>Logits to test with.</summary>
internal static class RandomLogits
{
    /// <summary>Normally distributed, like a model's.</summary>
    public static float[] Normal(Random random, int count, double deviation) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)(deviation * Gaussian(random)))];

    /// <summary>Few distinct values, so that ties are everywhere, both zeros among them.</summary>
    public static float[] Tied(Random random, int count, int distinct)
    {
        float[] values = [.. Enumerable.Range(0, distinct).Select(i => (i - (distinct / 2)) * 0.5f), -0f];
        return [.. Enumerable.Range(0, count).Select(_ => values[random.Next(values.Length)])];
    }

    /// <summary>Any of the kinds above, some with tokens that cannot be picked.</summary>
    public static float[] Any(Random random, int maxCount)
    {
        int count = random.Next(1, maxCount + 1);
        float[] logits = random.Next(3) == 0
            ? Tied(random, count, random.Next(1, 12))
            : Normal(random, count, Math.Pow(10, (random.NextDouble() * 3) - 1.5));
        if (random.Next(4) == 0)
        {
            for (int i = 1; i < count; i++)
            {
                logits[i] = random.Next(3) == 0 ? float.NegativeInfinity : logits[i];
            }
        }

        return logits;
    }

    private static double Gaussian(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
