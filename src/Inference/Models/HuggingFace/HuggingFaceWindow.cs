namespace KVCluster.Inference.Models.HuggingFace;

/// <summary>
/// Sliding windows: of all layers (Mistral, Phi-3), or from a layer on where use_sliding_window is set (Qwen). Layer types that cannot be
/// said so are refused.
/// </summary>
internal static class HuggingFaceWindow
{
    // Defaults of the configuration classes for keys that are absent (not null).
    private const int MistralDefault = 4096;
    private const int QwenDefault = 4096;
    private const int QwenDefaultLayers = 28;

    /// <summary>The window and the first layer it applies to; null where every layer sees everything.</summary>
    public static (int? Window, int FromLayer) Read(JsonSection root, string family, int layers)
    {
        int? window = null;
        int from = 0;
        switch (family)
        {
            case "mistral":
                window = Window(root, MistralDefault);
                break;
            case "phi3":
                window = Window(root, absent: null);
                break;
            case "qwen2" or "qwen3" when root.OptionalBool("use_sliding_window") == true:
                window = Window(root, QwenDefault);
                from = Math.Min(layers, root.OptionalInteger("max_window_layers") ?? QwenDefaultLayers);
                if (from < 0)
                {
                    throw root.Fault($"'max_window_layers' is {from}");
                }

                break;
        }

        if (root.OptionalTexts("layer_types") is { } types)
        {
            from = FromTypes(root, types, family, window, layers);
        }

        return from < layers && window is not null ? (window, from) : (null, 0);
    }

    private static int? Window(JsonSection root, int? absent) =>
        root.OptionalSize("sliding_window", ModelLimits.ContextLength) ?? (root.IsGiven("sliding_window") ? null : absent);

    private static int FromTypes(JsonSection root, string[] types, string family, int? window, int layers)
    {
        if (types.Length != layers)
        {
            throw root.Fault($"'layer_types' has {types.Length} entries for {layers} layers");
        }

        int from = Array.IndexOf(types, "sliding_attention");
        from = from < 0 ? layers : from;
        for (int i = 0; i < layers; i++)
        {
            if (types[i] != (i < from ? "full_attention" : "sliding_attention"))
            {
                throw root.Fault($"'layer_types': '{types[i]}' in layer {i} is not supported; "
                    + "there may be full_attention layers, then sliding_attention ones");
            }
        }

        // Only Qwen's layers look at their type; the other families slide in all layers or in none.
        bool agrees = window is null ? from == layers : from == 0 || family is "qwen2" or "qwen3";
        return agrees
            ? from
            : throw root.Fault("'layer_types' and 'sliding_window' contradict each other");
    }
}
