using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using KVCluster.Inference.Models;
using Xunit;

namespace KVCluster.Inference.Tests.Models;

public sealed class ModelFingerprintTests
{
    [Fact]
    public void Same_model_elsewhere_has_the_same_fingerprint() =>
        Assert.Equal(Of(TinyModels.Config(), TinyModels.Safetensors()), Of(TinyModels.Config(), TinyModels.Safetensors()));

    [Theory]
    [InlineData("rope_theta", "20000.0")]
    [InlineData("rope_scaling", "{\"rope_type\":\"linear\",\"factor\":2}")]
    [InlineData("rope_scaling", "{\"rope_type\":\"yarn\",\"factor\":2,\"original_max_position_embeddings\":32}")]
    [InlineData("rms_norm_eps", "1e-6")]
    [InlineData("max_position_embeddings", "128")]
    [InlineData("model_type", "\"mistral\"")]
    [InlineData("eos_token_id", "3")]
    public void Every_setting_counts(string key, string value)
    {
        JsonObject changed = TinyModels.Config();
        changed.Remove("architectures");
        JsonObject original = changed.DeepClone().AsObject();
        changed[key] = JsonNode.Parse(value);
        Assert.NotEqual(Of(original, TinyModels.Safetensors()), Of(changed, TinyModels.Safetensors()));
    }

    [Fact]
    public void Every_weight_counts()
    {
        Random random = new(5);
        HashSet<string> seen = [Of(TinyModels.Config(), TinyModels.Safetensors())];
        for (int round = 0; round < 30; round++)
        {
            using TemporaryFolder folder = new();
            SafetensorsBuilder weights = TinyModels.Safetensors();
            TinyModels.Write(folder, TinyModels.Config(), weights);
            byte[] file = weights.Build();
            int data = file.Length - 8 - BitConverter.ToInt32(file);
            int at = file.Length - 4 - (random.Next(data / 4) * 4);
            MemoryMarshal.Write(file.AsSpan(at), MemoryMarshal.Read<float>(file.AsSpan(at)) + 1 + round);
            folder.Write("model.safetensors", file);
            using LoadedModel model = ModelLoader.Open(folder.Path);
            Assert.True(seen.Add(model.Fingerprint));
        }
    }

    [Fact]
    public void The_type_counts()
    {
        using TemporaryFolder folder = new();
        using LoadedModel single = ModelLoader.Open(folder.Write("a.gguf", TinyModels.Gguf().Build()));
        using LoadedModel quantised = ModelLoader.Open(folder.Write("b.gguf", TinyModels.Gguf(matrixType: GgufBuilder.Q8_0).Build()));
        Assert.NotEqual(single.Fingerprint, quantised.Fingerprint);
    }

    private static string Of(JsonObject config, SafetensorsBuilder weights)
    {
        using TemporaryFolder folder = new();
        TinyModels.Write(folder, config, weights);
        using LoadedModel model = ModelLoader.Open(folder.Path);
        return model.Fingerprint;
    }
}
