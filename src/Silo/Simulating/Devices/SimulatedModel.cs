using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using KVCluster.Inference.Kv;
using KVCluster.Worker;

namespace KVCluster.Silo.Simulating;

/// <summary>
/// The smallest model there can be, written to a folder: it gives devices a tokenizer, a fingerprint and an arena whose caches have one row
/// a layer. It is never run.
/// </summary>
internal static class SimulatedModel
{
    /// <summary>Bytes of a token in one layer: keys and values of one head of 16, two bytes a number.</summary>
    public const int RowBytes = 2 * HeadSize * 2;

    private const int HeadSize = 16;
    private const int Hidden = 32;
    private const int FeedForward = 32;

    // The byte alphabet of BPE, then the token that ends texts.
    private const int Bytes = 256;
    private const string End = "<|end|>";

    /// <summary>Tokens that mean nothing: ids from 0.</summary>
    public const int FreeTokens = Bytes;

    /// <summary>Writes it.</summary>
    /// <param name="folder">An empty folder.</param>
    /// <param name="layers">Layers: rows of its caches.</param>
    /// <param name="contextTokens">Longest conversation.</param>
    public static void Write(string folder, int layers, int contextTokens)
    {
        File.WriteAllText(Path.Combine(folder, "config.json"), Config(layers, contextTokens).ToJsonString());
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), TokenizerJson().ToJsonString());
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), new JsonObject { ["eos_token"] = End }.ToJsonString());
        File.WriteAllBytes(Path.Combine(folder, "model.safetensors"), Weights(layers));
    }

    /// <summary>Opens it with an arena.</summary>
    public static LocalModel Open(string folder, long arenaBytes, int pageTokens, int batchTokens) => LocalModel.Open(folder, new LocalModelOptions
    {
        KvType = KvElementType.BF16,
        ArenaBytes = arenaBytes,
        PageTokens = pageTokens,
        MaxBatchTokens = batchTokens,
        Threads = 1,
    });

    private static JsonObject Config(int layers, int contextTokens) => new()
    {
        ["architectures"] = new JsonArray("LlamaForCausalLM"),
        ["model_type"] = "llama",
        ["vocab_size"] = Bytes + 1,
        ["hidden_size"] = Hidden,
        ["intermediate_size"] = FeedForward,
        ["num_hidden_layers"] = layers,
        ["num_attention_heads"] = 1,
        ["num_key_value_heads"] = 1,
        ["head_dim"] = HeadSize,
        ["hidden_act"] = "silu",
        ["rms_norm_eps"] = 1e-5,
        ["rope_theta"] = 10000.0,
        ["max_position_embeddings"] = contextTokens,
        ["tie_word_embeddings"] = true,
        ["eos_token_id"] = Bytes,
    };

    private static JsonObject TokenizerJson()
    {
        JsonObject vocabulary = [];
        int next = Bytes;
        for (int b = 0; b < Bytes; b++)
        {
            bool shown = b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
            vocabulary[((char)(shown ? b : next++)).ToString()] = b;
        }

        return new JsonObject
        {
            ["added_tokens"] = new JsonArray(new JsonObject { ["id"] = Bytes, ["content"] = End, ["special"] = true, ["normalized"] = false }),
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = true },
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel" },
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray() },
        };
    }

    private static byte[] Weights(int layers)
    {
        JsonObject header = [];
        int length = 0;
        void Add(string name, params int[] shape)
        {
            int bytes = sizeof(float) * shape.Aggregate(1, (a, b) => a * b);
            header[name] = new JsonObject
            {
                ["dtype"] = "F32",
                ["shape"] = new JsonArray([.. shape.Select(d => (JsonNode)d)]),
                ["data_offsets"] = new JsonArray(length, length + bytes),
            };
            length += bytes;
        }

        Add("model.embed_tokens.weight", Bytes + 1, Hidden);
        Add("model.norm.weight", Hidden);
        for (int i = 0; i < layers; i++)
        {
            string layer = $"model.layers.{i}";
            Add($"{layer}.self_attn.q_proj.weight", HeadSize, Hidden);
            Add($"{layer}.self_attn.k_proj.weight", HeadSize, Hidden);
            Add($"{layer}.self_attn.v_proj.weight", HeadSize, Hidden);
            Add($"{layer}.self_attn.o_proj.weight", Hidden, HeadSize);
            Add($"{layer}.mlp.gate_proj.weight", FeedForward, Hidden);
            Add($"{layer}.mlp.up_proj.weight", FeedForward, Hidden);
            Add($"{layer}.mlp.down_proj.weight", Hidden, FeedForward);
            Add($"{layer}.input_layernorm.weight", Hidden);
            Add($"{layer}.post_attention_layernorm.weight", Hidden);
        }

        byte[] text = Encoding.UTF8.GetBytes(header.ToJsonString());
        byte[] file = new byte[sizeof(long) + text.Length + length];
        BinaryPrimitives.WriteInt64LittleEndian(file, text.Length);
        text.CopyTo(file, sizeof(long));
        return file;
    }
}
