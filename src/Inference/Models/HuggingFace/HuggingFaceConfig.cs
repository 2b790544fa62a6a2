using System.Text.Json;

namespace KVCluster.Inference.Models.HuggingFace;

/// <summary>
/// Reads config.json and generation_config.json. Absent keys have the meaning that the family's configuration class in transformers gives
/// them; what would change the computation and is not built here is an error.
/// </summary>
internal static class HuggingFaceConfig
{
    public const string FileName = "config.json";

    /// <exception cref="ModelFormatException">A file is faulty, or the model needs something this program does not have.</exception>
    public static ModelConfig Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        using JsonDocument json = JsonText.Load(path);
        JsonSection root = new(path, "the configuration", json.RootElement);
        string family = HuggingFaceSupport.RequireFamily(root);
        int layers = root.Size("num_hidden_layers", ModelLimits.Layers);
        int hidden = root.Size("hidden_size", ModelLimits.HiddenSize);
        int queryHeads = root.Size("num_attention_heads", ModelLimits.Heads);
        int headSize = HeadSize(root, family, hidden, queryHeads);
        int context = root.Size("max_position_embeddings", ModelLimits.ContextLength);
        var (window, windowFrom) = HuggingFaceWindow.Read(root, family, layers);
        return ModelLimits.Check(path, new ModelConfig
        {
            Family = family,
            Layers = layers,
            HiddenSize = hidden,
            QueryHeads = queryHeads,
            KvHeads = KvHeads(root, family, queryHeads),
            HeadSize = headSize,
            FeedForwardSize = root.Size("intermediate_size", ModelLimits.FeedForwardSize),
            VocabularySize = root.Size("vocab_size", ModelLimits.VocabularySize),
            ContextLength = context,
            RmsNormEpsilon = (float)(root.OptionalNumber("rms_norm_eps") ?? (family == "phi3" ? 1e-5 : 1e-6)),
            Rotary = RotaryFrequencies.Compute(HuggingFaceRope.Read(root, context), headSize),
            SlidingWindow = window,
            SlidingWindowFromLayer = windowFrom,
            QueryKeyNorm = family == "qwen3",
            TiedEmbeddings = root.OptionalBool("tie_word_embeddings") ?? false,
            EndTokens = EndTokens(folder, root),
        });
    }

    private static int HeadSize(JsonSection root, string family, int hidden, int queryHeads)
    {
        int? headSize = root.OptionalSize("head_dim", ModelLimits.HeadSize) ?? (family == "qwen3" ? 128 : null);
        if (headSize is null && hidden % queryHeads != 0)
        {
            throw root.Fault($"hidden_size {hidden} is not a multiple of {queryHeads} heads, and there is no head_dim");
        }

        return ModelLimits.RequireEven(root.Path, headSize ?? hidden / queryHeads);
    }

    private static int KvHeads(JsonSection root, string family, int queryHeads) =>
        family is "llama" or "phi3"
            ? root.OptionalSize("num_key_value_heads", ModelLimits.Heads) ?? queryHeads
            : root.Size("num_key_value_heads", ModelLimits.Heads);

    /// <summary>generation_config.json decides where it names any, as in transformers.</summary>
    private static int[] EndTokens(string folder, JsonSection config)
    {
        string path = Path.Combine(folder, "generation_config.json");
        long[]? ids = null;
        if (File.Exists(path))
        {
            using JsonDocument json = JsonText.Load(path);
            ids = new JsonSection(path, "the generation configuration", json.RootElement).OptionalIntegers("eos_token_id");
        }

        ids ??= config.OptionalIntegers("eos_token_id") ?? [];
        long outside = ids.FirstOrDefault(id => id is < 0 or > int.MaxValue);
        return outside == 0 ? [.. ids.Select(id => (int)id).Distinct()] : throw config.Fault($"end token {outside} is not a token id");
    }
}
