using System.Text.Json;
using KVCluster.Inference.Models;
using KVCluster.TestSupport;
using Xunit;

namespace KVCluster.Inference.Tests.Models;

[Trait("Category", "Goldens")]
public sealed class GgufGoldenTests
{
    public static TheoryData<string> Names() => GoldenModels.GgufNames();

    [GoldenTheory("gguf")]
    [MemberData(nameof(Names))]
    public void Model_is_the_one_it_was_converted_from(string name)
    {
        if (GoldenModels.IsEmpty(name))
        {
            return;
        }

        using JsonDocument json = GoldenModels.Json(GoldenModels.Gguf, name + ".json");
        using LoadedModel model = ModelLoader.Open(Path.Combine(GoldenModels.Gguf, json.RootElement.GetProperty("file").GetString()!));
        Assert.Equal("gguf", model.Format);
        Assert.Equal(json.RootElement.GetProperty("architecture").GetString(), model.Config.Family);
        AssertTypes(json.RootElement.GetProperty("tensor_types"), model);

        string source = json.RootElement.GetProperty("source_model").GetString()!;
        if (!Directory.Exists(Path.Combine(GoldenModels.Folder, source)))
        {
            return;
        }

        using LoadedModel original = ModelLoader.Open(Path.Combine(GoldenModels.Folder, source));
        AssertSameConfig(original.Config, model.Config);
        AssertSameRows(original.Weights.Embedding, model.Weights.Embedding);
        AssertSameRows(original.Weights.Output, model.Weights.Output);
        Assert.Equal(original.Weights.FinalNorm, model.Weights.FinalNorm);
        foreach (var (expected, actual) in original.Weights.Layers.Zip(model.Weights.Layers))
        {
            Assert.Equal(expected.AttentionNorm, actual.AttentionNorm);
            Assert.Equal(expected.FeedForwardNorm, actual.FeedForwardNorm);
            Assert.Equal(expected.QueryNorm, actual.QueryNorm);
            Assert.Equal(expected.KeyNorm, actual.KeyNorm);
            foreach (var (want, got) in Matrices(expected).Zip(Matrices(actual)))
            {
                AssertSameRows(want, got);
            }
        }
    }

    [GoldenFact("smollm2/dequantized.json", needsSmolLm2: true)]
    public void First_and_last_rows_of_a_real_model_are_the_reference()
    {
        using JsonDocument expected = GoldenModels.Json(TestPaths.Goldens, "smollm2", "dequantized.json");
        using LoadedModel model = ModelLoader.Open(TestPaths.SmolLm2!);
        Dictionary<string, WeightMatrix> matrices = model.Weights.Layers.SelectMany(Matrices)
            .Append(model.Weights.Embedding).ToDictionary(m => m.Name);
        int checkedMatrices = 0;
        foreach (JsonElement entry in expected.RootElement.GetProperty("tensors").EnumerateArray())
        {
            if (!matrices.TryGetValue(entry.GetProperty("name").GetString()!, out WeightMatrix? matrix))
            {
                continue;
            }

            // The first row of a head and the last one keep their places in the interleaved order.
            float[] row = new float[matrix.Columns];
            matrix.DequantizeRow(0, row);
            Assert.Equal(GoldenModels.Floats(entry.GetProperty("first4")), row[..4]);
            matrix.DequantizeRow(matrix.Rows - 1, row);
            Assert.Equal(GoldenModels.Floats(entry.GetProperty("last2")), row[^2..]);
            checkedMatrices++;
        }

        Assert.Equal(matrices.Count, checkedMatrices);
    }

    private static IEnumerable<WeightMatrix> Matrices(LayerWeights layer) =>
        [layer.Query, layer.Key, layer.Value, layer.AttentionOutput, layer.Gate, layer.Up, layer.Down];

    private static void AssertTypes(JsonElement types, LoadedModel model)
    {
        ModelWeights weights = model.Weights;
        foreach (WeightMatrix matrix in weights.Layers.SelectMany(Matrices).Append(weights.Embedding).Append(weights.Output))
        {
            Assert.Equal(types.GetProperty(matrix.Name).GetString(), matrix.Type.ToString());
        }
    }

    private static void AssertSameConfig(ModelConfig expected, ModelConfig actual)
    {
        Assert.Equal(
            expected with
            {
                Family = actual.Family,
                Rotary = actual.Rotary,
                EndTokens = actual.EndTokens,
                RmsNormEpsilon = actual.RmsNormEpsilon,
            },
            actual);
        Assert.Equal(expected.EndTokens, actual.EndTokens);
        Assert.Equal(expected.RmsNormEpsilon, actual.RmsNormEpsilon, 1e-12f);
        Assert.Equal(expected.Rotary.Kind, actual.Rotary.Kind);
        Assert.Equal(expected.Rotary.AttentionScale, actual.Rotary.AttentionScale);
        HuggingFaceGoldenTests.AssertClose(expected.Rotary.InverseFrequencies, actual.Rotary.InverseFrequencies);
    }

    /// <summary>Equal up to the type's rounding, which is far less than the difference between two rows.</summary>
    private static void AssertSameRows(WeightMatrix expected, WeightMatrix actual)
    {
        Assert.Equal((expected.Rows, expected.Columns), (actual.Rows, actual.Columns));
        float[] want = new float[expected.Columns];
        float[] got = new float[expected.Columns];
        for (int row = 0; row < expected.Rows; row++)
        {
            expected.DequantizeRow(row, want);
            actual.DequantizeRow(row, got);
            float largest = want.Max(Math.Abs);
            float tolerance = largest * actual.Type switch
            {
                ElementType.F32 => 0,
                ElementType.F16 => 1f / 2048,
                ElementType.BF16 => 1f / 256,

                // Half a step of 1/127, and the half-precision scale's own rounding.
                ElementType.Q8_0 => (1f / 254) + (1f / 2048),
                _ => 1f / 2,
            };
            for (int i = 0; i < want.Length; i++)
            {
                Assert.True(Math.Abs(want[i] - got[i]) <= tolerance, $"{actual.Name} [{row}, {i}]: {got[i]}, expected {want[i]}");
            }
        }
    }
}
