namespace KVCluster.Inference.Models.Gguf;

/// <summary>
/// Reads rotary settings of a GGUF file: rope.freq_base, rope.scaling.* and the divisors in rope_freqs.weight, which are all that is left
/// of llama3 scaling.
/// </summary>
internal static class GgufRope
{
    public const string Divisors = "rope_freqs.weight";

    private const double DefaultTheta = 10000;

    /// <exception cref="ModelFormatException">The scaling is unknown, or a number is absurd.</exception>
    public static RotaryEmbedding Read(GgufFile file, GgufMetadata metadata, int headSize, int context)
    {
        double theta = metadata.OptionalPositive(".rope.freq_base") ?? DefaultTheta;
        if (theta is <= 1 or > 1e30)
        {
            throw metadata.Fault($"a rotary base of {theta} is not a base of frequencies");
        }

        RopeSettings settings = Settings(metadata, theta, context);
        float[]? divisors = null;
        if (file.Tensors.ContainsKey(Divisors))
        {
            divisors = new TensorTable(file.Path, file.Tensors).Vector(Divisors, headSize / 2);
        }

        return RotaryFrequencies.Compute(settings, headSize, divisors);
    }

    private static RopeSettings Settings(GgufMetadata metadata, double theta, int context)
    {
        double? oldFactor = metadata.OptionalPositive(".rope.scale_linear");
        string kind = metadata.OptionalText(".rope.scaling.type") ?? (oldFactor is null ? "none" : "linear");
        double factor = metadata.OptionalPositive(".rope.scaling.factor") ?? oldFactor ?? 1;
        switch (kind)
        {
            case "none":
                return new RopeSettings { Kind = "default", Theta = theta };
            case "linear":
                return new RopeSettings { Kind = factor == 1 ? "default" : "linear", Theta = theta, Factor = factor };
            case "yarn":
                return Yarn(metadata, theta, factor, context);
            default:
                throw metadata.Fault($"rotary scaling '{kind}' is not supported (known: none, linear, yarn)");
        }
    }

    private static RopeSettings Yarn(GgufMetadata metadata, double theta, double factor, int context) => new()
    {
        Kind = "yarn",
        Theta = theta,
        Factor = factor,
        OriginalContext = metadata.OptionalPositive(".rope.scaling.original_context_length") ?? context,
        BetaFast = metadata.OptionalPositive(".rope.scaling.yarn_beta_fast") ?? 32,
        BetaSlow = metadata.OptionalPositive(".rope.scaling.yarn_beta_slow") ?? 1,

        // Here, unlike in a Hugging Face configuration, the factor comes on top of YaRN's own.
        AttentionFactor = RotaryFrequencies.YarnMagnitude(factor, 1) * (metadata.OptionalPositive(".rope.scaling.attn_factor") ?? 1),
    };
}
