using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using KVCluster.Inference.Models;
using Xunit;

namespace KVCluster.Inference.Tests.Models;

public sealed class BadFolderTests
{
    private const string Query = "model.layers.0.self_attn.q_proj.weight";

    private static readonly Dictionary<string, (Action<JsonObject> Break, string Fault)> _configFaults = new()
    {
        ["family"] = (c => c["model_type"] = "gemma", "model_type 'gemma' is not supported"),
        ["no family"] = (c => c.Remove("model_type"), "has no 'model_type'"),
        ["architecture"] = (
            c => c["architectures"] = new JsonArray("LlamaForSequenceClassification"),
            "LlamaForSequenceClassification is not supported"),
        ["activation"] = (c => c["hidden_act"] = "gelu", "hidden_act 'gelu'"),
        ["mlp bias"] = (c => c["mlp_bias"] = true, "mlp_bias is not supported"),
        ["attention bias"] = (c => c["attention_bias"] = true, "attention_bias is not supported"),
        ["partial rotation"] = (c => c["partial_rotary_factor"] = 0.5, "partial_rotary_factor 0.5"),
        ["partial rotation, new"] = (
            c => c["rope_parameters"] = Parse("""{"rope_theta":1e4,"rope_type":"default","partial_rotary_factor":0.75}"""),
            "partial_rotary_factor 0.75"),
        ["longrope"] = (c => c["rope_scaling"] = new JsonObject { ["type"] = "longrope" }, "'longrope' is not supported"),
        ["dynamic"] = (c => c["rope_scaling"] = new JsonObject { ["rope_type"] = "dynamic", ["factor"] = 2 }, "'dynamic' is not supported"),
        ["scaling without factor"] = (c => c["rope_scaling"] = new JsonObject { ["type"] = "linear" }, "no 'factor'"),
        ["scaling without type"] = (c => c["rope_scaling"] = new JsonObject { ["factor"] = 2 }, "no 'rope_type'"),
        ["negative factor"] = (c => c["rope_scaling"] = new JsonObject { ["type"] = "linear", ["factor"] = -2 }, "'factor' is -2"),
        ["llama3 order"] = (
            c => c["rope_scaling"] = Parse("""
                {"rope_type":"llama3","factor":8,"low_freq_factor":4,"high_freq_factor":1,"original_max_position_embeddings":32}
                """),
            "high_freq_factor above"),
        ["theta"] = (c => c["rope_theta"] = 0, "rope_theta 0"),
        ["quantised"] = (c => c["quantization_config"] = new JsonObject { ["quant_method"] = "gptq" }, "quantization_config"),
        ["no width"] = (c => c.Remove("hidden_size"), "has no 'hidden_size'"),
        ["absurd width"] = (c => c["hidden_size"] = 1 << 30, "'hidden_size' is 1073741824"),
        ["width beyond 32 bits"] = (c => c["hidden_size"] = 1L << 40, "'hidden_size' is 1099511627776"),
        ["width as text"] = (c => c["hidden_size"] = "32", "'hidden_size' is \"32\""),
        ["negative layers"] = (c => c["num_hidden_layers"] = -1, "'num_hidden_layers' is -1"),
        ["fractional heads"] = (c => c["num_attention_heads"] = 2.5, "'num_attention_heads' is 2.5"),
        ["uneven heads"] = (c => c["num_key_value_heads"] = 4, "2 query heads cannot share 4"),
        ["odd head"] = (c => c["head_dim"] = 15, "a head size of 15"),
        ["epsilon"] = (c => c["rms_norm_eps"] = 0, "epsilon of 0"),
        ["end token"] = (c => c["eos_token_id"] = new JsonArray(2, 99), "end token 99 is outside"),
        ["end token as text"] = (c => c["eos_token_id"] = "</s>", "'eos_token_id'"),
        ["more layers"] = (c => c["num_hidden_layers"] = 3, "tensor 'model.layers.2."),
        ["fewer layers"] = (c => c["num_hidden_layers"] = 1, "tensor 'model.layers.1."),
        ["untied"] = (c => c["tie_word_embeddings"] = false, "'lm_head.weight' is missing"),
        ["another head size"] = (c => c["head_dim"] = 8, "is [32, 32] F32 where [16, 32] was expected"),
        ["mixed layer types"] = (c => c["layer_types"] = new JsonArray("sliding_attention", "full_attention"), "'layer_types'"),
        ["foreign layer type"] = (
            c => c["layer_types"] = new JsonArray("full_attention", "linear_attention"), "'linear_attention' in layer 1"),
        ["missing layer types"] = (c => c["layer_types"] = new JsonArray("full_attention"), "1 entries for 2 layers"),
    };

    private static readonly Dictionary<string, (Action<SafetensorsBuilder> Break, string Fault)> _weightFaults = new()
    {
        ["type"] = (b => b.Header[Query]!["dtype"] = "F33", "unknown type 'F33'"),
        ["type of another width"] = (b => b.Header[Query]!["dtype"] = "BF16", "needs 2048 bytes of BF16 but has 4096"),
        ["not a weight's type"] = (b => b.Header[Query]!["dtype"] = "I32", $"matrix '{Query}' is of type I32"),
        ["no type"] = (b => b.Header[Query]!.AsObject().Remove("dtype"), $"{Query} has no 'dtype'"),
        ["negative dimension"] = (b => b.Header[Query]!["shape"] = new JsonArray(-32, -32), "impossible shape"),
        ["absurd dimension"] = (b => b.Header[Query]!["shape"] = new JsonArray(1L << 62, 1L << 62), "too large for any file"),
        ["transposed"] = (b => b.Header[Query]!["shape"] = new JsonArray(16, 64), "where [32, 32] was expected"),
        ["one offset"] = (b => b.Header[Query]!["data_offsets"] = new JsonArray(0), "2 dimensions and 1 offsets"),
        ["past the end"] = (b => b.Header[Query]!["data_offsets"] = new JsonArray(1L << 40, (1L << 40) + 4096), "outside the"),
        ["backwards"] = (b => b.Header[Query]!["data_offsets"] = new JsonArray(4096, 0), "outside the"),
        ["overlap"] = (b => b.Header[Query]!["data_offsets"] = new JsonArray(0, 4096), "overlap"),
        ["hole"] = (b => b.Header.Remove(Query), "the tensors cover"),
        ["entry is no object"] = (b => b.Header[Query] = 5, "is not a JSON object"),
        ["unknown tensor"] = (b => b.Add("model.layers.0.self_attn.o_proj.bias", [32], "F32", new byte[128]), "o_proj.bias' has no place"),
        ["bias of q"] = (b => b.Add("model.layers.0.self_attn.q_proj.bias", [32], "F32", new byte[128]), "q_proj.bias' has no place"),
    };

    public static TheoryData<string> ConfigFaults() => new(_configFaults.Keys);

    public static TheoryData<string> WeightFaults() => new(_weightFaults.Keys);

    [Theory]
    [MemberData(nameof(ConfigFaults))]
    public void Fault_in_the_configuration_is_named(string name)
    {
        JsonObject config = TinyModels.Config();
        _configFaults[name].Break(config);
        AssertFault(config, TinyModels.Safetensors(), _configFaults[name].Fault);
    }

    [Theory]
    [MemberData(nameof(WeightFaults))]
    public void Fault_in_the_weights_is_named(string name)
    {
        SafetensorsBuilder weights = TinyModels.Safetensors();
        _weightFaults[name].Break(weights);
        AssertFault(TinyModels.Config(), weights, _weightFaults[name].Fault);
    }

    [Fact]
    public void Superfluous_tensors_that_change_nothing_are_allowed()
    {
        using TemporaryFolder folder = new();
        SafetensorsBuilder weights = TinyModels.Safetensors();
        byte[] zeros = new byte[TinyModels.Vocabulary * TinyModels.Hidden * 4];
        weights.Add("lm_head.weight", [TinyModels.Vocabulary, TinyModels.Hidden], "F32", zeros);
        weights.Add("model.layers.0.self_attn.rotary_emb.inv_freq", [8], "F32", new byte[32]);
        TinyModels.Write(folder, TinyModels.Config(), weights);
        using LoadedModel model = ModelLoader.Open(folder.Path);
        Assert.Same(model.Weights.Embedding, model.Weights.Output);
    }

    [Theory]
    [InlineData("", "is not valid JSON")]
    [InlineData("[]", "is not a JSON object")]
    [InlineData("{", "is not valid JSON")]
    [InlineData("{\"a\":1,\"a\":2}", "is not valid JSON")]
    [InlineData("{\"\\ud800\":1}", "a broken escape")]
    [InlineData("{\"model_type\":\"\\ud800\"}", "a broken escape")]
    [InlineData("{\"hidden_size\":NaN}", "is not valid JSON")]
    public void Json_nonsense_is_named(string text, string fault)
    {
        using TemporaryFolder folder = new();
        TinyModels.Write(folder, TinyModels.Config(), TinyModels.Safetensors());
        foreach (string name in new[] { "config.json", "generation_config.json" })
        {
            string path = folder.Write(name, Encoding.UTF8.GetBytes(text));
            ModelFormatException error = Assert.Throws<ModelFormatException>(() => ModelLoader.Open(folder.Path));
            Assert.Contains(fault, error.Fault);
            Assert.Equal(path, error.File);
            TinyModels.Write(folder, TinyModels.Config(), TinyModels.Safetensors());
        }

        folder.Write("generation_config.json", "{}"u8.ToArray());
        folder.Write("model.safetensors", new SafetensorsBuilder().Build(text));
        Assert.Contains(fault, Assert.Throws<ModelFormatException>(() => ModelLoader.Open(folder.Path)).Fault);
    }

    [Fact]
    public void What_is_not_a_model_is_named()
    {
        using TemporaryFolder folder = new();
        Assert.Contains("has no config.json", Fault(folder.Path));
        Assert.Contains("no such file", Fault(Path.Combine(folder.Path, "absent.gguf")));
        Assert.Contains("empty", Fault(folder.Write("empty.gguf", [])));
        Assert.Contains("not a GGUF", Fault(folder.Write("text.gguf", "hello, this is text"u8.ToArray())));
        folder.Write("config.json", Encoding.UTF8.GetBytes(TinyModels.Config().ToJsonString()));
        Assert.Contains("has neither model.safetensors", Fault(folder.Path));
        folder.Write("model.safetensors", [1, 2, 3]);
        Assert.Contains("truncated", Fault(folder.Path));
        folder.Write("model.safetensors", [255, 255, 255, 255, 255, 255, 255, 255, 0]);
        Assert.Contains("header's length", Fault(folder.Path));
    }

    [Fact]
    public void Every_not_a_number_is_found()
    {
        Random random = new(3);
        for (int round = 0; round < 20; round++)
        {
            using TemporaryFolder folder = new();
            SafetensorsBuilder weights = TinyModels.Safetensors();
            TinyModels.Write(folder, TinyModels.Config(), weights);
            byte[] file = weights.Build();
            int dataBytes = (file.Length - 8 - BitConverter.ToInt32(file)) / 4 * 4;
            MemoryMarshal.Write(file.AsSpan(file.Length - 4 - (random.Next(dataBytes / 4) * 4)), float.NaN);
            folder.Write("model.safetensors", file);
            Assert.Contains("NaN", Fault(folder.Path));
        }
    }

    private static JsonNode Parse(string json) => JsonNode.Parse(json)!;

    private static string Fault(string path) => Assert.Throws<ModelFormatException>(() => ModelLoader.Open(path)).Fault;

    private static void AssertFault(JsonObject config, SafetensorsBuilder weights, string fault)
    {
        using TemporaryFolder folder = new();
        TinyModels.Write(folder, config, weights);
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => ModelLoader.Open(folder.Path));
        Assert.Contains(fault, error.Fault);
        Assert.StartsWith(folder.Path, error.File);
    }
}
