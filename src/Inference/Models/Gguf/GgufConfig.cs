namespace KVCluster.Inference.Models.Gguf;

/// <summary>Reads the configuration of a model out of GGUF metadata.</summary>
internal static class GgufConfig
{
    private static readonly string[] _endKeys =
    [
        "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id",
    ];

    // Keys of architectures that share these names but compute something else.
    private static readonly string[] _foreignKeys =
    [
        ".expert_count", ".logit_scale", ".embedding_scale", ".residual_scale", ".attention.scale", ".attn_logit_softcapping",
        ".final_logit_softcapping", ".attention.layer_norm_epsilon", ".rope.scaling.yarn_log_multiplier",
        ".rope.scaling.yarn_ext_factor", ".rope.scaling.yarn_attn_factor",
    ];

    /// <exception cref="ModelFormatException">The metadata contradict themselves or need something this program does not have.</exception>
    public static ModelConfig Read(GgufFile file)
    {
        GgufMetadata metadata = new(file, RequireArchitecture(file));
        int hidden = metadata.Size(".embedding_length", ModelLimits.HiddenSize);
        int queryHeads = metadata.Size(".attention.head_count", ModelLimits.Heads);
        int headSize = HeadSize(file, metadata, hidden, queryHeads);
        int context = metadata.Size(".context_length", ModelLimits.ContextLength);
        long window = metadata.OptionalInteger(".attention.sliding_window") ?? 0;
        return ModelLimits.Check(file.Path, new ModelConfig
        {
            Family = metadata.Architecture,
            Layers = metadata.Size(".block_count", ModelLimits.Layers),
            HiddenSize = hidden,
            QueryHeads = queryHeads,
            KvHeads = metadata.OptionalSize(".attention.head_count_kv", ModelLimits.Heads) ?? queryHeads,
            HeadSize = headSize,
            FeedForwardSize = metadata.Size(".feed_forward_length", ModelLimits.FeedForwardSize),
            VocabularySize = VocabularySize(file, metadata),
            ContextLength = context,
            RmsNormEpsilon = (float)(metadata.OptionalPositive(".attention.layer_norm_rms_epsilon")
                ?? throw metadata.Fault($"metadata '{metadata.Architecture}.attention.layer_norm_rms_epsilon' is missing")),
            Rotary = GgufRope.Read(file, metadata, headSize, context),
            SlidingWindow = window is > 0 and <= ModelLimits.ContextLength ? (int)window : null,
            QueryKeyNorm = metadata.Architecture == "qwen3",
            TiedEmbeddings = !file.Tensors.ContainsKey(TensorNames.Gguf.Output),
            EndTokens = [.. _endKeys.Select(metadata.OptionalInteger).OfType<long>().Distinct().Select(id => TokenId(metadata, id))],
        });
    }

    private static string RequireArchitecture(GgufFile file)
    {
        if (file.Metadata.GetValueOrDefault("general.architecture") is not string architecture)
        {
            throw new ModelFormatException(file.Path, "metadata 'general.architecture' is missing");
        }

        if (architecture is not ("llama" or "qwen2" or "qwen3" or "phi3"))
        {
            throw new ModelFormatException(file.Path, $"architecture '{architecture}' is not supported (known: llama, qwen2, qwen3, phi3)");
        }

        GgufMetadata metadata = new(file, architecture);
        if ((metadata.OptionalInteger("split.count") ?? 1) > 1)
        {
            throw metadata.Fault("is one part of a split model; join the parts first (gguf-split --merge)");
        }

        string? foreign = _foreignKeys.FirstOrDefault(metadata.Has);
        return foreign is null ? architecture : throw metadata.Fault($"metadata '{architecture}{foreign}' is not supported");
    }

    private static int HeadSize(GgufFile file, GgufMetadata metadata, int hidden, int queryHeads)
    {
        int? key = metadata.OptionalSize(".attention.key_length", ModelLimits.HeadSize);
        if (key is null && hidden % queryHeads != 0)
        {
            throw metadata.Fault($"a width of {hidden} is not a multiple of {queryHeads} heads, and there is no key_length");
        }

        int headSize = ModelLimits.RequireEven(file.Path, key ?? hidden / queryHeads);
        int value = metadata.OptionalSize(".attention.value_length", ModelLimits.HeadSize) ?? headSize;
        int rotated = metadata.OptionalSize(".rope.dimension_count", ModelLimits.HeadSize) ?? headSize;
        return value == headSize && rotated == headSize
            ? headSize
            : throw metadata.Fault($"keys of {headSize}, values of {value} and {rotated} rotated dimensions are not supported together");
    }

    /// <summary>The tokenizer's, if there is one; it, the key and the embedding's rows must agree.</summary>
    private static int VocabularySize(GgufFile file, GgufMetadata metadata)
    {
        int? stated = metadata.OptionalSize(".vocab_size", ModelLimits.VocabularySize);
        int? tokens = metadata.OptionalTexts("tokenizer.ggml.tokens")?.Length;
        int? rows = file.Tensors.TryGetValue(TensorNames.Gguf.Embedding, out StoredTensor? embedding)
            && embedding.Shape is [<= ModelLimits.VocabularySize and long embedded, _] ? (int)embedded : null;
        int size = rows ?? throw metadata.Fault($"tensor '{TensorNames.Gguf.Embedding}' is missing or not a matrix");
        return (stated ?? size) == size && (tokens ?? size) == size
            ? size
            : throw metadata.Fault($"the vocabulary is {stated ?? size} by metadata, has {tokens ?? size} tokens and {size} embeddings");
    }

    private static int TokenId(GgufMetadata metadata, long id) =>
        id is >= 0 and <= int.MaxValue ? (int)id : throw metadata.Fault($"end token {id} is not a token id");
}
