using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;

namespace KVCluster.Inference.Tests.Models;

/// <summary>The smallest models worth the name, with random weights: 2 layers, hidden 32, 2 query heads and 1 KV head of 16.</summary>
internal static class TinyModels
{
    public const int Layers = 2;
    public const int Hidden = 32;
    public const int HeadSize = 16;
    public const int QueryHeads = 2;
    public const int KvHeads = 1;
    public const int FeedForward = 64;
    public const int Vocabulary = 12;

    public static GgufBuilder Gguf(string architecture = "llama", int seed = 1, uint matrixType = GgufBuilder.F32)
    {
        GgufBuilder builder = new();
        builder.Set("general.architecture", architecture);
        foreach (var (key, value) in new (string, uint)[]
        {
            ("context_length", 64), ("embedding_length", Hidden), ("block_count", Layers), ("feed_forward_length", FeedForward),
            ("attention.head_count", QueryHeads), ("attention.head_count_kv", KvHeads),
        })
        {
            builder.Set($"{architecture}.{key}", value);
        }

        builder.Set($"{architecture}.attention.layer_norm_rms_epsilon", 1e-5f);
        builder.Set($"{architecture}.rope.freq_base", 10000f);
        builder.Set("tokenizer.ggml.tokens", Enumerable.Range(0, Vocabulary).Select(i => $"t{i}").ToArray());
        builder.Set("tokenizer.ggml.eos_token_id", 2u);
        Random random = new(seed);
        builder.Add("token_embd.weight", [Vocabulary, Hidden], matrixType, Matrix(random, Vocabulary, Hidden, matrixType));
        builder.Add("output_norm.weight", [Hidden], GgufBuilder.F32, Floats(random, Hidden));
        for (int i = 0; i < Layers; i++)
        {
            foreach (var (name, rows, columns) in Shapes())
            {
                builder.Add($"blk.{i}.{name}.weight", [rows, columns], matrixType, Matrix(random, rows, columns, matrixType));
            }

            builder.Add($"blk.{i}.attn_norm.weight", [Hidden], GgufBuilder.F32, Floats(random, Hidden));
            builder.Add($"blk.{i}.ffn_norm.weight", [Hidden], GgufBuilder.F32, Floats(random, Hidden));
        }

        return builder;
    }

    public static JsonObject Config(string family = "llama") => new()
    {
        ["architectures"] = new JsonArray(family switch
        {
            "phi3" => "Phi3ForCausalLM",
            _ => char.ToUpperInvariant(family[0]) + family[1..] + "ForCausalLM",
        }),
        ["model_type"] = family,
        ["vocab_size"] = Vocabulary,
        ["hidden_size"] = Hidden,
        ["intermediate_size"] = FeedForward,
        ["num_hidden_layers"] = Layers,
        ["num_attention_heads"] = QueryHeads,
        ["num_key_value_heads"] = KvHeads,
        ["head_dim"] = HeadSize,
        ["hidden_act"] = "silu",
        ["rms_norm_eps"] = 1e-5,
        ["rope_theta"] = 10000.0,
        ["max_position_embeddings"] = 64,
        ["tie_word_embeddings"] = true,
        ["eos_token_id"] = 2,
    };

    public static SafetensorsBuilder Safetensors(int seed = 1)
    {
        SafetensorsBuilder builder = new();
        Random random = new(seed);
        builder.Add("model.embed_tokens.weight", [Vocabulary, Hidden], "F32", Floats(random, Vocabulary * Hidden));
        builder.Add("model.norm.weight", [Hidden], "F32", Floats(random, Hidden));
        for (int i = 0; i < Layers; i++)
        {
            foreach (var (name, rows, columns) in Shapes())
            {
                builder.Add($"model.layers.{i}.{HuggingFaceName(name)}.weight", [rows, columns], "F32", Floats(random, rows * columns));
            }

            builder.Add($"model.layers.{i}.input_layernorm.weight", [Hidden], "F32", Floats(random, Hidden));
            builder.Add($"model.layers.{i}.post_attention_layernorm.weight", [Hidden], "F32", Floats(random, Hidden));
        }

        return builder;
    }

    /// <summary>Writes config.json and model.safetensors.</summary>
    public static void Write(TemporaryFolder folder, JsonObject config, SafetensorsBuilder weights)
    {
        folder.Write("config.json", Encoding.UTF8.GetBytes(config.ToJsonString()));
        folder.Write("model.safetensors", weights.Build());
    }

    public static byte[] Floats(Random random, int count)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = random.NextSingle() - 0.5f;
        }

        return MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
    }

    private static IEnumerable<(string Name, int Rows, int Columns)> Shapes() =>
    [
        ("attn_q", QueryHeads * HeadSize, Hidden), ("attn_k", KvHeads * HeadSize, Hidden), ("attn_v", KvHeads * HeadSize, Hidden),
        ("attn_output", Hidden, QueryHeads * HeadSize), ("ffn_gate", FeedForward, Hidden), ("ffn_up", FeedForward, Hidden),
        ("ffn_down", Hidden, FeedForward),
    ];

    private static string HuggingFaceName(string name) => name switch
    {
        "attn_q" => "self_attn.q_proj",
        "attn_k" => "self_attn.k_proj",
        "attn_v" => "self_attn.v_proj",
        "attn_output" => "self_attn.o_proj",
        "ffn_gate" => "mlp.gate_proj",
        "ffn_up" => "mlp.up_proj",
        _ => "mlp.down_proj",
    };

    private static byte[] Matrix(Random random, int rows, int columns, uint type)
    {
        if (type == GgufBuilder.F32)
        {
            return Floats(random, rows * columns);
        }

        byte[] blocks = new byte[rows * columns / 32 * 34];
        random.NextBytes(blocks);
        for (int i = 0; i < blocks.Length; i += 34)
        {
            MemoryMarshal.Write(blocks.AsSpan(i), (Half)(random.NextSingle() * 0.01f));
        }

        return blocks;
    }
}
