using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using KVCluster.Inference.Models;
using Xunit;

namespace KVCluster.Inference.Tests.Models;

public sealed class ModelSettingsTests
{
    [Theory]
    [InlineData("mistral", "{\"sliding_window\":24}", 24, 0)]
    [InlineData("mistral", "{\"sliding_window\":null}", null, 0)]
    [InlineData("mistral", "{}", 4096, 0)]
    [InlineData("mistral", "{\"sliding_window\":24,\"layer_types\":[\"sliding_attention\",\"sliding_attention\"]}", 24, 0)]
    [InlineData("llama", "{\"sliding_window\":24}", null, 0)]
    [InlineData("qwen3", "{\"sliding_window\":24,\"use_sliding_window\":false}", null, 0)]
    [InlineData("qwen3", "{\"sliding_window\":24,\"use_sliding_window\":true,\"max_window_layers\":1}", 24, 1)]
    [InlineData("qwen3", "{\"sliding_window\":24,\"use_sliding_window\":true,\"max_window_layers\":2}", null, 0)]
    [InlineData("qwen3", "{\"sliding_window\":24,\"use_sliding_window\":true}", null, 0)]
    [InlineData(
        "qwen3",
        "{\"sliding_window\":24,\"use_sliding_window\":true,\"layer_types\":[\"full_attention\",\"sliding_attention\"]}",
        24,
        1)]
    public void Sliding_window_is_the_familys(string family, string settings, int? window, int from)
    {
        using TemporaryFolder folder = new();
        using LoadedModel model = Open(folder, family, JsonNode.Parse(settings)!.AsObject());
        Assert.Equal(window, model.Config.SlidingWindow);
        Assert.Equal(from, model.Config.SlidingWindowFromLayer);
        Assert.Equal(from == 0 ? window : null, model.Config.WindowOf(0));
        Assert.Equal(window, model.Config.WindowOf(1));
    }

    [Fact]
    public void Generation_configuration_decides_where_answers_end()
    {
        using TemporaryFolder folder = new();
        folder.Write("generation_config.json", "{\"eos_token_id\":[5,3,5]}"u8.ToArray());
        using LoadedModel model = Open(folder, "llama", []);
        Assert.Equal([5, 3], model.Config.EndTokens);
    }

    [Fact]
    public void Old_and_new_keys_mean_the_same()
    {
        JsonObject yarn = new() { ["rope_type"] = "yarn", ["factor"] = 4, ["original_max_position_embeddings"] = 16, ["beta_fast"] = 16 };
        JsonObject renewed = yarn.DeepClone().AsObject();
        renewed["rope_theta"] = 5000;
        using TemporaryFolder first = new();
        using LoadedModel old = Open(first, "llama", new JsonObject { ["rope_theta"] = 5000, ["rope_scaling"] = yarn });
        using TemporaryFolder second = new();
        using LoadedModel renamed = Open(second, "llama", new JsonObject { ["rope_theta"] = null, ["rope_parameters"] = renewed });
        Assert.Equal(old.Config.Rotary.InverseFrequencies, renamed.Config.Rotary.InverseFrequencies);
        Assert.Equal(old.Config.Rotary.AttentionScale, renamed.Config.Rotary.AttentionScale);
        Assert.Equal("yarn", old.Config.Rotary.Kind);
        Assert.Equal(old.Fingerprint, renamed.Fingerprint);
    }

    [Fact]
    public void Gguf_scalings_equal_those_of_a_configuration()
    {
        foreach (string kind in new[] { "linear", "yarn" })
        {
            using TemporaryFolder folder = new();
            GgufBuilder builder = TinyModels.Gguf();
            builder.Set("llama.rope.scaling.type", kind);
            builder.Set("llama.rope.scaling.factor", 4f);
            builder.Set("llama.rope.scaling.original_context_length", 16u);
            using LoadedModel gguf = ModelLoader.Open(folder.Write("m.gguf", builder.Build()));
            JsonObject scaling = new() { ["rope_type"] = kind, ["factor"] = 4, ["original_max_position_embeddings"] = 16 };
            using LoadedModel hugging = Open(folder, "llama", new JsonObject { ["rope_scaling"] = scaling });
            Assert.Equal(kind, gguf.Config.Rotary.Kind);
            Assert.Equal(hugging.Config.Rotary.InverseFrequencies, gguf.Config.Rotary.InverseFrequencies);
            Assert.Equal(hugging.Config.Rotary.AttentionScale, gguf.Config.Rotary.AttentionScale);
        }
    }

    /// <summary>The permutation as its origin writes it: rows [heads, 2, d/2] become [heads, d/2, 2].</summary>
    [Theory]
    [InlineData(2, 3)]
    [InlineData(16, 2)]
    [InlineData(24, 5)]
    public void Interleaving_is_undone(int headSize, int heads)
    {
        float[] model = [.. Enumerable.Range(0, headSize * heads).Select(i => (float)i)];
        float[] stored = new float[model.Length];
        for (int head = 0; head < heads; head++)
        {
            for (int half = 0; half < 2; half++)
            {
                for (int i = 0; i < headSize / 2; i++)
                {
                    stored[(head * headSize) + (i * 2) + half] = model[(head * headSize) + (half * headSize / 2) + i];
                }
            }
        }

        Assert.Equal(model, Interleaving.Undo(stored, headSize));
    }

    [Fact]
    public void Only_architecture_llama_interleaves_and_biases_follow_their_rows()
    {
        foreach (string architecture in new[] { "llama", "qwen2" })
        {
            using TemporaryFolder folder = new();
            GgufBuilder builder = TinyModels.Gguf(architecture);
            Dictionary<string, float[]> biases = [];
            for (int layer = 0; layer < TinyModels.Layers; layer++)
            {
                foreach (string name in new[] { "q", "k", "v" })
                {
                    int rows = (name == "q" ? TinyModels.QueryHeads : TinyModels.KvHeads) * TinyModels.HeadSize;
                    biases[$"{name}{layer}"] = [.. Enumerable.Range(0, rows).Select(i => i + (layer * 0.5f))];
                    byte[] data = MemoryMarshal.AsBytes(biases[$"{name}{layer}"].AsSpan()).ToArray();
                    builder.Add($"blk.{layer}.attn_{name}.bias", [rows], GgufBuilder.F32, data);
                }
            }

            using LoadedModel model = ModelLoader.Open(folder.Write("m.gguf", builder.Build()));
            int headSize = TinyModels.HeadSize;
            bool llama = architecture == "llama";
            for (int layer = 0; layer < TinyModels.Layers; layer++)
            {
                LayerWeights weights = model.Weights.Layers[layer];
                Assert.Equal(llama ? Interleaving.Undo(biases[$"q{layer}"], headSize) : biases[$"q{layer}"], weights.QueryBias);
                Assert.Equal(llama ? Interleaving.Undo(biases[$"k{layer}"], headSize) : biases[$"k{layer}"], weights.KeyBias);
                Assert.Equal(biases[$"v{layer}"], weights.ValueBias);
                int stored = llama ? 2 : 1;
                byte[] data = builder[$"blk.{layer}.attn_q.weight"].Data;
                Assert.True(weights.Query.Row(1).SequenceEqual(data.AsSpan(stored * weights.Query.RowBytes, weights.Query.RowBytes)));
            }
        }
    }

    [Fact]
    public void Fused_matrices_of_a_gguf_appear_as_their_parts()
    {
        using TemporaryFolder folder = new();
        GgufBuilder builder = TinyModels.Gguf("phi3");
        for (int layer = 0; layer < TinyModels.Layers; layer++)
        {
            string prefix = $"blk.{layer}.";
            Fuse(prefix + "attn_qkv.weight", prefix + "attn_q.weight", prefix + "attn_k.weight", prefix + "attn_v.weight");
            Fuse(prefix + "ffn_up.weight", prefix + "ffn_gate.weight", prefix + "ffn_up.weight");
        }

        using LoadedModel fused = ModelLoader.Open(folder.Write("fused.gguf", builder.Build()));
        using LoadedModel apart = ModelLoader.Open(folder.Write("apart.gguf", TinyModels.Gguf("llama").Build()));
        Assert.Equal("phi3", fused.Config.Family);
        foreach (var (expected, actual) in apart.Weights.Layers.Zip(fused.Weights.Layers))
        {
            AssertSame(expected.Value, actual.Value, row => row);
            AssertSame(expected.Gate, actual.Gate, row => row);
            AssertSame(expected.Up, actual.Up, row => row);

            // The same stored rows are interleaved in the other architecture.
            AssertSame(expected.Query, actual.Query, row => Interleaving.StoredRow(row, TinyModels.HeadSize));
            AssertSame(expected.Key, actual.Key, row => Interleaving.StoredRow(row, TinyModels.HeadSize));
        }

        void Fuse(string name, params string[] parts)
        {
            GgufBuilder.Tensor[] tensors = [.. parts.Select(part => builder[part])];
            builder.Tensors.RemoveAll(tensors.Contains);
            builder.Add(name, [tensors.Sum(t => t.Shape[0]), TinyModels.Hidden], GgufBuilder.F32, [.. tensors.SelectMany(t => t.Data)]);
        }

        static void AssertSame(WeightMatrix expected, WeightMatrix actual, Func<int, int> stored)
        {
            Assert.Equal((expected.Rows, expected.Columns), (actual.Rows, actual.Columns));
            for (int row = 0; row < expected.Rows; row++)
            {
                Assert.True(expected.Row(row).SequenceEqual(actual.Row(stored(row))), $"{actual.Name} {row}");
            }
        }
    }

    [Fact]
    public void Released_pages_leave_memory_and_come_back()
    {
        using TemporaryFolder folder = new();
        GgufBuilder builder = TinyModels.Gguf();
        const int Rows = 100_000;
        builder.Set("tokenizer.ggml.tokens", null);
        builder.Tensors.Remove(builder["token_embd.weight"]);
        byte[] expected = TinyModels.Floats(new Random(1), Rows * TinyModels.Hidden);
        builder.Add("token_embd.weight", [Rows, TinyModels.Hidden], GgufBuilder.F32, expected);
        using LoadedModel model = ModelLoader.Open(folder.Write("m.gguf", builder.Build()));
        WeightMatrix embedding = model.Weights.Embedding;
        AssertAllRows();
        long before = ResidentKilobytes(folder.Path);
        embedding.ReleaseResidentPages();
        if (OperatingSystem.IsLinux())
        {
            Assert.True(before > expected.Length / 1024 / 2, $"{before} KiB were resident");
            Assert.True(ResidentKilobytes(folder.Path) < before / 10, $"{ResidentKilobytes(folder.Path)} KiB of {before} stay");
        }

        AssertAllRows();

        void AssertAllRows()
        {
            for (int row = 0; row < Rows; row++)
            {
                Assert.True(embedding.Row(row).SequenceEqual(expected.AsSpan(row * embedding.RowBytes, embedding.RowBytes)));
            }
        }
    }

    [Fact]
    public void A_closed_model_cannot_be_read()
    {
        using TemporaryFolder folder = new();
        LoadedModel model = ModelLoader.Open(folder.Write("m.gguf", TinyModels.Gguf().Build()));
        model.Dispose();
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => model.Weights.Embedding.Row(0).Length);
        model.Weights.Embedding.ReleaseResidentPages();
    }

    private static long ResidentKilobytes(string folder)
    {
        bool inside = false;
        long kilobytes = 0;
        foreach (string line in OperatingSystem.IsLinux() ? File.ReadLines("/proc/self/smaps") : [])
        {
            // A mapping's line begins with its address in lower-case hex, its fields with capitals; an unnamed mapping ends the file's.
            inside = char.IsAsciiHexDigitLower(line[0]) ? line.Contains(folder, StringComparison.Ordinal) : inside;
            if (inside && line.StartsWith("Rss:", StringComparison.Ordinal))
            {
                kilobytes += long.Parse(line[4..^2].Trim());
            }
        }

        return kilobytes;
    }

    private static LoadedModel Open(TemporaryFolder folder, string family, JsonObject settings)
    {
        JsonObject config = TinyModels.Config(family);
        foreach (var (key, value) in settings)
        {
            config[key] = value?.DeepClone();
        }

        SafetensorsBuilder weights = TinyModels.Safetensors();
        for (int layer = 0; family == "qwen3" && layer < TinyModels.Layers; layer++)
        {
            byte[] norm = TinyModels.Floats(new Random(layer), TinyModels.HeadSize);
            weights.Add($"model.layers.{layer}.self_attn.q_norm.weight", [TinyModels.HeadSize], "F32", norm);
            weights.Add($"model.layers.{layer}.self_attn.k_norm.weight", [TinyModels.HeadSize], "F32", norm);
        }

        TinyModels.Write(folder, config, weights);
        return ModelLoader.Open(folder.Path);
    }
}
