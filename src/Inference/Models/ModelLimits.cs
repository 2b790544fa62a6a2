namespace KVCluster.Inference.Models;

/// <summary>
/// Bounds on what a configuration may ask for, some way above every published model of these families: beyond them the file lies, and
/// below them no product of two dimensions leaves 32 bits.
/// </summary>
internal static class ModelLimits
{
    public const int Layers = 1024;
    public const int HiddenSize = 1 << 18;
    public const int Heads = 4096;
    public const int HeadSize = 1 << 13;
    public const int FeedForwardSize = 1 << 20;
    public const int VocabularySize = 1 << 24;
    public const int ContextLength = 1 << 30;

    /// <summary>Rules between the dimensions, whichever file they come from.</summary>
    /// <exception cref="ModelFormatException">They contradict each other.</exception>
    public static ModelConfig Check(string path, ModelConfig config)
    {
        if (config.QueryHeads % config.KvHeads != 0)
        {
            throw new ModelFormatException(path, $"{config.QueryHeads} query heads cannot share {config.KvHeads} key/value heads evenly");
        }

        if (!float.IsFinite(config.RmsNormEpsilon) || config.RmsNormEpsilon <= 0)
        {
            throw new ModelFormatException(path, $"an RMS norm epsilon of {config.RmsNormEpsilon} is not a positive number");
        }

        if (!config.Rotary.InverseFrequencies.All(f => float.IsFinite(f) && f > 0)
            || !float.IsFinite(config.Rotary.AttentionScale) || config.Rotary.AttentionScale <= 0)
        {
            throw new ModelFormatException(path, "the rotary embedding's settings give frequencies that are not positive numbers");
        }

        foreach (int token in config.EndTokens)
        {
            if (token < 0 || token >= config.VocabularySize)
            {
                throw new ModelFormatException(path, $"end token {token} is outside the vocabulary of {config.VocabularySize}");
            }
        }

        return config;
    }

    /// <summary>Head sizes are even, since dimensions turn in pairs.</summary>
    public static int RequireEven(string path, int headSize) =>
        headSize % 2 == 0 ? headSize : throw new ModelFormatException(path, $"a head size of {headSize} cannot be rotated in pairs");
}
