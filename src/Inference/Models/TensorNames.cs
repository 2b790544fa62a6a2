using System.Globalization;

namespace KVCluster.Inference.Models;

/// <summary>What a format calls the tensors of a decoder. Names within a layer follow its prefix.</summary>
internal sealed record TensorNames
{
    public static TensorNames HuggingFace { get; } = new()
    {
        Embedding = "model.embed_tokens.weight",
        Output = "lm_head.weight",
        FinalNorm = "model.norm.weight",
        LayerPrefix = "model.layers.{0}.",
        AttentionNorm = "input_layernorm.weight",
        Query = "self_attn.q_proj",
        Key = "self_attn.k_proj",
        Value = "self_attn.v_proj",
        FusedQueryKeyValue = "self_attn.qkv_proj.weight",
        QueryNorm = "self_attn.q_norm.weight",
        KeyNorm = "self_attn.k_norm.weight",
        AttentionOutput = "self_attn.o_proj.weight",
        FeedForwardNorm = "post_attention_layernorm.weight",
        Gate = "mlp.gate_proj.weight",
        Up = "mlp.up_proj.weight",
        FusedGateUp = "mlp.gate_up_proj.weight",
        Down = "mlp.down_proj.weight",
    };

    public static TensorNames Gguf { get; } = new()
    {
        Embedding = "token_embd.weight",
        Output = "output.weight",
        FinalNorm = "output_norm.weight",
        LayerPrefix = "blk.{0}.",
        AttentionNorm = "attn_norm.weight",
        Query = "attn_q",
        Key = "attn_k",
        Value = "attn_v",
        FusedQueryKeyValue = "attn_qkv.weight",
        QueryNorm = "attn_q_norm.weight",
        KeyNorm = "attn_k_norm.weight",
        AttentionOutput = "attn_output.weight",
        FeedForwardNorm = "ffn_norm.weight",
        Gate = "ffn_gate.weight",
        Up = "ffn_up.weight",
        FusedGateUp = "ffn_up.weight",
        Down = "ffn_down.weight",
    };

    public required string Embedding { get; init; }

    public required string Output { get; init; }

    public required string FinalNorm { get; init; }

    public required string LayerPrefix { get; init; }

    public required string AttentionNorm { get; init; }

    /// <summary>Without ".weight" or ".bias", as are <see cref="Key"/> and <see cref="Value"/>.</summary>
    public required string Query { get; init; }

    public required string Key { get; init; }

    public required string Value { get; init; }

    /// <summary>Rows of q, then k, then v (Phi-3).</summary>
    public required string FusedQueryKeyValue { get; init; }

    public required string QueryNorm { get; init; }

    public required string KeyNorm { get; init; }

    public required string AttentionOutput { get; init; }

    public required string FeedForwardNorm { get; init; }

    public required string Gate { get; init; }

    public required string Up { get; init; }

    /// <summary>Rows of gate, then up (Phi-3).</summary>
    public required string FusedGateUp { get; init; }

    public required string Down { get; init; }

    public string Layer(int layer) => string.Format(CultureInfo.InvariantCulture, LayerPrefix, layer);
}
