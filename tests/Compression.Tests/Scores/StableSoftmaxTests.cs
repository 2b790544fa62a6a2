using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Tests.Scores;

public sealed class StableSoftmaxTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1e4)]
    [InlineData(-1e4)]
    public void Equals_the_definition_wherever_the_logits_lie(double offset)
    {
        double[] logits = Enumerable.Range(0, 37).Select(i => offset + (i * 0.25)).ToArray();
        double sum = logits.Sum(l => Math.Exp(l - logits[^1]));
        float[] actual = Array.ConvertAll(logits, l => (float)l);
        StableSoftmax.InPlace(actual);
        for (int i = 0; i < actual.Length; i++)
        {
            Assert.Equal(Math.Exp(logits[i] - logits[^1]) / sum, actual[i], 1e-6);
        }
    }
}
