using KVCluster.Inference.Models;
using KVCluster.TestSupport;
using Xunit;

namespace KVCluster.Inference.Tests.Models;

public sealed class RealModelTests
{
    private const string Bundled = "the bundled model";

    public static TheoryData<string> Names() => new(GoldenModels.RealNames().Prepend(Bundled));

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_model_at_hand_opens(string name)
    {
        string path = name == Bundled ? TestPaths.Needle : Path.Combine(TestPaths.Models, name);
        string fingerprint;
        using (LoadedModel model = ModelLoader.Open(path))
        {
            ModelConfig config = model.Config;
            fingerprint = model.Fingerprint;
            Assert.Matches("^[0-9a-f]{64}$", fingerprint);
            Assert.NotEmpty(config.EndTokens);
            Assert.True(model.WeightBytes > 0 && model.WeightBytes < 4 * model.ParameterCount + 1);
            Assert.Equal(config.HeadSize / 2, config.Rotary.InverseFrequencies.Length);
            AssertShape(model.Weights.Embedding, config.VocabularySize, config.HiddenSize);
            AssertShape(model.Weights.Output, config.VocabularySize, config.HiddenSize);
            Assert.Equal(config.TiedEmbeddings, ReferenceEquals(model.Weights.Embedding, model.Weights.Output));
            Assert.Equal(config.Layers, model.Weights.Layers.Count);
            foreach (LayerWeights layer in model.Weights.Layers)
            {
                AssertShape(layer.Query, config.QueryHeads * config.HeadSize, config.HiddenSize);
                AssertShape(layer.Key, config.KvHeads * config.HeadSize, config.HiddenSize);
                AssertShape(layer.Value, config.KvHeads * config.HeadSize, config.HiddenSize);
                AssertShape(layer.AttentionOutput, config.HiddenSize, config.QueryHeads * config.HeadSize);
                AssertShape(layer.Gate, config.FeedForwardSize, config.HiddenSize);
                AssertShape(layer.Up, config.FeedForwardSize, config.HiddenSize);
                AssertShape(layer.Down, config.HiddenSize, config.FeedForwardSize);
            }
        }

        using LoadedModel again = ModelLoader.Open(path);
        Assert.Equal(fingerprint, again.Fingerprint);
    }

    private static void AssertShape(WeightMatrix matrix, int rows, int columns)
    {
        Assert.Equal((rows, columns), (matrix.Rows, matrix.Columns));
        float[] values = new float[columns];
        matrix.DequantizeRow(0, values);
        matrix.DequantizeRow(rows - 1, values);
        Assert.All(values, v => Assert.True(float.IsFinite(v)));
        Assert.Throws<ArgumentOutOfRangeException>(() => matrix.Row(rows).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => matrix.Row(-1).Length);
    }
}
