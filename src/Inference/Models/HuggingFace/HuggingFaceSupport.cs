namespace KVCluster.Inference.Models.HuggingFace;

/// <summary>What of Hugging Face's many settings this program computes; everything else that matters is refused by name.</summary>
internal static class HuggingFaceSupport
{
    private static readonly Dictionary<string, string> _architectures = new(StringComparer.Ordinal)
    {
        ["llama"] = "LlamaForCausalLM",
        ["mistral"] = "MistralForCausalLM",
        ["qwen2"] = "Qwen2ForCausalLM",
        ["qwen3"] = "Qwen3ForCausalLM",
        ["phi3"] = "Phi3ForCausalLM",
    };

    /// <summary>The family, after everything in the configuration that would change the computation was looked at.</summary>
    /// <exception cref="ModelFormatException">The model needs something that is not here.</exception>
    public static string RequireFamily(JsonSection root)
    {
        string family = root.Text("model_type");
        if (!_architectures.TryGetValue(family, out string? architecture))
        {
            throw root.Fault($"model_type '{family}' is not supported (known: {string.Join(", ", _architectures.Keys)})");
        }

        if (root.OptionalTexts("architectures") is { } named && !named.Contains(architecture, StringComparer.Ordinal))
        {
            throw root.Fault($"architecture {string.Join(", ", named)} is not supported; {family} models must be {architecture}");
        }

        string activation = root.OptionalText("hidden_act") ?? "silu";
        if (activation != "silu")
        {
            throw root.Fault($"hidden_act '{activation}' is not supported, only silu");
        }

        RequireFalse(root, "mlp_bias");
        RequireFalse(root, "attention_bias");
        if (root.Has("quantization_config"))
        {
            throw root.Fault("quantization_config is not supported: weights here must be f32, f16 or bf16 (quantised ones come as GGUF)");
        }

        return family;
    }

    /// <summary>Both flags put biases where none are computed (attention_bias also on the output projection).</summary>
    private static void RequireFalse(JsonSection root, string key)
    {
        if (root.OptionalBool(key) == true)
        {
            throw root.Fault($"{key} is not supported");
        }
    }
}
