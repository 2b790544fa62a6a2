namespace KVCluster.Inference.Models.HuggingFace;

/// <summary>
/// Reads rotary settings under the keys of transformers before version 5 (rope_theta, rope_scaling) and since (rope_parameters, holding
/// both).
/// </summary>
internal static class HuggingFaceRope
{
    private const double DefaultTheta = 10000;

    /// <exception cref="ModelFormatException">The scaling is unknown, or a number is missing or absurd.</exception>
    public static RopeSettings Read(JsonSection root, int context)
    {
        JsonSection? section = root.OptionalSection("rope_parameters") ?? root.OptionalSection("rope_scaling");
        RequireWholeRotation(root);
        double theta = section?.OptionalNumber("rope_theta") ?? root.OptionalNumber("rope_theta") ?? DefaultTheta;
        if (theta is <= 1 or > 1e30)
        {
            throw root.Fault($"rope_theta {theta} is not a base of frequencies");
        }

        if (section is null)
        {
            return new RopeSettings { Kind = "default", Theta = theta };
        }

        RequireWholeRotation(section);
        string kind = section.OptionalText("rope_type") ?? section.OptionalText("type")
            ?? (section.Has("factor") ? throw root.Fault("the rotary scaling has no 'rope_type'") : "default");
        return kind switch
        {
            "default" => new RopeSettings { Kind = kind, Theta = theta },
            "linear" => new RopeSettings { Kind = kind, Theta = theta, Factor = Positive(section, "factor") },
            "llama3" => Llama3(section, theta),
            "yarn" => Yarn(section, theta, context),
            _ => throw root.Fault($"rotary scaling '{kind}' is not supported (known: default, linear, llama3, yarn)"),
        };
    }

    private static RopeSettings Llama3(JsonSection section, double theta)
    {
        RopeSettings settings = new()
        {
            Kind = "llama3",
            Theta = theta,
            Factor = Positive(section, "factor"),
            OriginalContext = Positive(section, "original_max_position_embeddings"),
            LowFrequencyFactor = Positive(section, "low_freq_factor"),
            HighFrequencyFactor = Positive(section, "high_freq_factor"),
        };
        return settings.HighFrequencyFactor > settings.LowFrequencyFactor
            ? settings
            : throw section.Fault("llama3 scaling needs high_freq_factor above low_freq_factor");
    }

    private static RopeSettings Yarn(JsonSection section, double theta, int context)
    {
        double original = OptionalPositive(section, "original_max_position_embeddings") ?? context;
        double factor = OptionalPositive(section, "factor") ?? context / original;
        double? attention = OptionalPositive(section, "attention_factor");
        if (attention is null && Weight(section, "mscale") is double numerator && Weight(section, "mscale_all_dim") is double denominator)
        {
            attention = RotaryFrequencies.YarnMagnitude(factor, numerator) / RotaryFrequencies.YarnMagnitude(factor, denominator);
        }

        return new RopeSettings
        {
            Kind = "yarn",
            Theta = theta,
            Factor = factor,
            OriginalContext = original,
            BetaFast = OptionalPositive(section, "beta_fast") ?? 32,
            BetaSlow = OptionalPositive(section, "beta_slow") ?? 1,
            TruncateRamp = section.OptionalBool("truncate") ?? true,
            AttentionFactor = attention,
        };
    }

    /// <summary>A weight of zero counts as absent there.</summary>
    private static double? Weight(JsonSection section, string key) =>
        section.OptionalNumber(key) is double weight and not 0 ? weight : null;

    private static void RequireWholeRotation(JsonSection section)
    {
        if (section.OptionalNumber("partial_rotary_factor") is double part and not 1)
        {
            throw section.Fault($"partial_rotary_factor {part} is not supported: every dimension of a head must turn");
        }
    }

    private static double Positive(JsonSection section, string key) =>
        OptionalPositive(section, key) ?? throw section.Fault($"the rotary scaling has no '{key}'");

    private static double? OptionalPositive(JsonSection section, string key) => section.OptionalNumber(key) switch
    {
        null => null,
        double value and > 0 and < 1e12 => value,
        double value => throw section.Fault($"'{key}' is {value} where a positive number was expected"),
    };
}
