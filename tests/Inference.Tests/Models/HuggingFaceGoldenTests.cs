using System.Text.Json;
using KVCluster.Inference.Models;
using KVCluster.Inference.Quantization;
using KVCluster.TestSupport;
using Xunit;

namespace KVCluster.Inference.Tests.Models;

[Trait("Category", "Goldens")]
public sealed class HuggingFaceGoldenTests
{
    public static TheoryData<string> Names() => GoldenModels.HuggingFaceNames();

    [GoldenTheory("models/index.json")]
    [MemberData(nameof(Names))]
    public void Configuration_and_frequencies_are_the_reference(string name)
    {
        if (GoldenModels.IsEmpty(name))
        {
            return;
        }

        using JsonDocument index = GoldenModels.Json(GoldenModels.Folder, "index.json");
        JsonElement expected = index.RootElement.GetProperty(name);
        using LoadedModel model = ModelLoader.Open(Path.Combine(GoldenModels.Folder, name));
        ModelConfig config = model.Config;

        Assert.Equal(expected.GetProperty("kind").GetString(), config.Family);
        Assert.Equal(expected.GetProperty("layers").GetInt32(), config.Layers);
        Assert.Equal(expected.GetProperty("query_heads").GetInt32(), config.QueryHeads);
        Assert.Equal(expected.GetProperty("kv_heads").GetInt32(), config.KvHeads);
        Assert.Equal(expected.GetProperty("head_dim").GetInt32(), config.HeadSize);
        Assert.Equal(expected.GetProperty("vocab").GetInt32(), config.VocabularySize);
        AssertClose(GoldenModels.Floats(expected.GetProperty("inv_freq")), config.Rotary.InverseFrequencies);
        Assert.Equal(expected.GetProperty("attention_scaling").GetDouble(), config.Rotary.AttentionScale, 1e-6);
    }

    [GoldenTheory("models")]
    [MemberData(nameof(Names))]
    public void Every_row_is_the_files_own(string name)
    {
        if (GoldenModels.IsEmpty(name))
        {
            return;
        }

        string folder = Path.Combine(GoldenModels.Folder, name);
        Dictionary<string, GoldenTensors> raw = [];
        foreach (string file in Directory.EnumerateFiles(folder, "model*.safetensors"))
        {
            GoldenTensors tensors = new(file);
            foreach (string tensor in tensors.Names)
            {
                raw.Add(tensor, tensors);
            }
        }

        using LoadedModel model = ModelLoader.Open(folder);
        Assert.Equal("huggingface", model.Format);
        Assert.Equal(model.Config.Layers, model.Weights.Layers.Count);
        Assert.Equal(raw.Sum(t => t.Value.Shape(t.Key).Aggregate(1L, (a, b) => a * b)), model.ParameterCount);
        Assert.Equal(raw.Sum(t => (long)t.Value.Bytes(t.Key).Length), model.WeightBytes);
        Assert.Equal(!raw.ContainsKey("lm_head.weight"), ReferenceEquals(model.Weights.Embedding, model.Weights.Output));

        HashSet<string> seen = [];
        AssertRows(model.Weights.Embedding, 0);
        AssertRows(model.Weights.Output, 0);
        foreach (LayerWeights layer in model.Weights.Layers)
        {
            bool fused = layer.Query.Name == layer.Key.Name;
            AssertRows(layer.Query, 0);
            AssertRows(layer.Key, fused ? layer.Query.Rows : 0);
            AssertRows(layer.Value, fused ? layer.Query.Rows + layer.Key.Rows : 0);
            AssertRows(layer.AttentionOutput, 0);
            AssertRows(layer.Gate, 0);
            AssertRows(layer.Up, layer.Up.Name == layer.Gate.Name ? layer.Gate.Rows : 0);
            AssertRows(layer.Down, 0);
        }

        // Everything that is not a vector was looked at.
        Assert.Equal(raw.Where(t => t.Value.Shape(t.Key).Length == 2).Select(t => t.Key).Order(), seen.Order());

        void AssertRows(WeightMatrix matrix, int first)
        {
            seen.Add(matrix.Name);
            byte[] bytes = raw[matrix.Name].Bytes(matrix.Name);
            Assert.Equal(raw[matrix.Name].Shape(matrix.Name)[1], matrix.Columns);
            Assert.Equal(raw[matrix.Name].Type(matrix.Name), matrix.Type.ToString());
            for (int row = 0; row < matrix.Rows; row++)
            {
                Span<byte> expected = bytes.AsSpan((first + row) * matrix.RowBytes, matrix.RowBytes);
                Assert.True(matrix.Row(row).SequenceEqual(expected), $"{matrix.Name} {row}");
            }
        }
    }

    [GoldenTheory("models")]
    [MemberData(nameof(Names))]
    public void Vectors_are_the_files_own(string name)
    {
        if (GoldenModels.IsEmpty(name))
        {
            return;
        }

        string folder = Path.Combine(GoldenModels.Folder, name);
        Dictionary<string, float[]> vectors = [];
        foreach (string file in Directory.EnumerateFiles(folder, "model*.safetensors"))
        {
            GoldenTensors tensors = new(file);
            foreach (string tensor in tensors.Names.Where(n => tensors.Shape(n).Length == 1))
            {
                float[] values = new float[tensors.Shape(tensor)[0]];
                Dequantizer.ToSingle(Enum.Parse<ElementType>(tensors.Type(tensor)), tensors.Bytes(tensor), values);
                vectors.Add(tensor, values);
            }
        }

        using LoadedModel model = ModelLoader.Open(folder);
        int used = Same("model.norm", model.Weights.FinalNorm);
        for (int i = 0; i < model.Config.Layers; i++)
        {
            LayerWeights layer = model.Weights.Layers[i];
            string prefix = $"model.layers.{i}.";
            used += Same(prefix + "input_layernorm", layer.AttentionNorm) + Same(prefix + "post_attention_layernorm", layer.FeedForwardNorm)
                + Same(prefix + "self_attn.q_norm", layer.QueryNorm) + Same(prefix + "self_attn.k_norm", layer.KeyNorm)
                + Same(prefix + "self_attn.q_proj", layer.QueryBias, "bias") + Same(prefix + "self_attn.k_proj", layer.KeyBias, "bias")
                + Same(prefix + "self_attn.v_proj", layer.ValueBias, "bias");
        }

        Assert.Equal(vectors.Count, used);

        int Same(string tensor, float[]? actual, string suffix = "weight")
        {
            Assert.Equal(vectors.GetValueOrDefault($"{tensor}.{suffix}"), actual);
            return actual is null ? 0 : 1;
        }
    }

    internal static void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - actual[i]) <= 2.5e-7 * expected[i], $"[{i}] {actual[i]:R}, expected {expected[i]:R}");
        }
    }
}
