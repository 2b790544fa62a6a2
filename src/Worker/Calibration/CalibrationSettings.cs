using KVCluster.Inference;

namespace KVCluster.Worker.Calibration;

/// <summary>What a calibration measures on; part of its file.</summary>
public sealed record CalibrationSettings
{
    /// <summary>Lengths of the needle prompts in tokens.</summary>
    public IReadOnlyList<int> Lengths { get; init; } = [512, 1024];

    /// <summary>Where in the document the needle stands, 0 to 1; each length is tried with each.</summary>
    public IReadOnlyList<double> Depths { get; init; } = [0.1, 0.3, 0.5, 0.7, 0.9];

    /// <summary>Start of the random numbers.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Semantic retrieval heads of each layer (CompressKV: 4); all of them where a layer has fewer.</summary>
    public int HeadsPerLayer { get; init; } = 4;

    /// <summary>Tokens a layer is cut to while its error is measured (CompressKV: 32).</summary>
    public int ErrorTokens { get; init; } = 32;

    /// <summary>Most tokens of an answer.</summary>
    public int AnswerTokens { get; init; } = 32;

    /// <summary>Different tokens of a random sequence.</summary>
    public int RandomTokens { get; init; } = 128;

    /// <summary>How often the random sequence stands there (RazorAttention: 4).</summary>
    public int Repeats { get; init; } = 4;

    /// <summary>Tokens of the last repeat whose attention is looked at.</summary>
    public int RandomQueries { get; init; } = 64;

    /// <summary>Throws <see cref="InputException"/> naming the setting out of range.</summary>
    public void Validate()
    {
        Require(ErrorTokens is >= 16 and <= 4096, "the tokens a layer is cut to", "from 16 to 4096");

        // In shorter documents the cut to a few tokens would cut next to nothing.
        int least = 4 * ErrorTokens;
        Require(Lengths.Count > 0 && Lengths.All(n => n >= least), "the lengths", $"one or more numbers of {least} tokens or more");
        Require(Lengths.Distinct().Count() == Lengths.Count, "the lengths", "all different");
        Require(Depths.Count > 0 && Depths.All(d => d is >= 0 and <= 1), "the depths", "one or more numbers from 0 to 1");
        Require(HeadsPerLayer >= 1, "the heads per layer", "1 or more");
        Require(AnswerTokens >= 1, "the answer tokens", "1 or more");
        Require(RandomTokens >= 2 && Repeats >= 2, "random tokens and their repeats", "2 or more");
        Require(RandomQueries >= 1 && RandomQueries <= RandomTokens, "the random queries", "from 1 to the random tokens");
    }

    private static void Require(bool valid, string what, string range)
    {
        if (!valid)
        {
            throw new InputException($"{what} of a calibration must be {range}");
        }
    }
}
