using System.Text.RegularExpressions;

namespace KVCluster.Inference.Tokenization;

/// <summary>The split patterns of well-known tokenizers, compiled at build time.</summary>
internal static partial class SplitPatterns
{
    /// <summary>GPT-2's (Radford et al., 2019); also what a ByteLevel pre-tokenizer splits by.</summary>
    public const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>Llama 3's: digits in groups of up to three.</summary>
    public const string Llama3 = ContractionWithS + WordsAnd + @"\p{N}{1,3}" + MarksAndSpace;

    /// <summary>Qwen 2's: digits one by one.</summary>
    public const string Qwen2 = ContractionWithS + WordsAnd + @"\p{N}" + MarksAndSpace;

    /// <summary>Every number character alone.</summary>
    public const string EachDigit = @"\p{N}";

    /// <summary>Runs of number characters.</summary>
    public const string DigitRuns = @"\p{N}+";

    private const RegexOptions Options = RegexOptions.CultureInvariant;

    // Unicode folds U+017F (long s) to s where case is ignored, and so do the reference engines; .NET does not.
    private const string ContractionWithS = "(?i:'s";
    private const string ContractionWithAnyS = "(?i:'[s\u017F]";
    private const string WordsAnd = @"|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|";
    private const string MarksAndSpace = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    // A model file's own pattern could be written to backtrack without end.
    private static readonly TimeSpan _timeLimit = TimeSpan.FromSeconds(20);

    /// <summary>
    /// The regex of a pattern. Throws <see cref="FormatException"/> naming a construct that .NET reads in another way, or not at all.
    /// </summary>
    public static Regex Compile(string pattern)
    {
        switch (pattern)
        {
            case Gpt2:
                return Gpt2Regex();
            case Llama3:
                return Llama3Regex();
            case Qwen2:
                return Qwen2Regex();
            case EachDigit:
                return EachDigitRegex();
        }

        SplitPatternDialect.Check(pattern);
        try
        {
            string adapted = pattern.Replace(ContractionWithS, ContractionWithAnyS, StringComparison.Ordinal);
            return new Regex(adapted, Options | RegexOptions.Compiled, _timeLimit);
        }
        catch (ArgumentException e)
        {
            throw new FormatException($"unsupported split pattern '{pattern}': {e.Message}", e);
        }
    }

    [GeneratedRegex(Gpt2, Options)]
    private static partial Regex Gpt2Regex();

    [GeneratedRegex(ContractionWithAnyS + WordsAnd + @"\p{N}{1,3}" + MarksAndSpace, Options)]
    private static partial Regex Llama3Regex();

    [GeneratedRegex(ContractionWithAnyS + WordsAnd + @"\p{N}" + MarksAndSpace, Options)]
    private static partial Regex Qwen2Regex();

    [GeneratedRegex(EachDigit, Options)]
    private static partial Regex EachDigitRegex();
}
