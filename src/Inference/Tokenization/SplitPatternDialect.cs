namespace KVCluster.Inference.Tokenization;

/// <summary>
/// Admits only those regex constructs that Oniguruma, which tokenizer files are written for, and .NET read alike; so no pattern is
/// ever silently split another way.
/// </summary>
internal static class SplitPatternDialect
{
    private const int LongestPattern = 4096;
    private static readonly string[] _groups = ["(?:", "(?i:", "(?=", "(?!", "(?<=", "(?<!"];

    /// <summary>Throws <see cref="FormatException"/> naming the first construct that is not common to both.</summary>
    public static void Check(string pattern)
    {
        if (pattern.Length is 0 or > LongestPattern)
        {
            throw new FormatException($"a split pattern of {pattern.Length} characters");
        }

        bool inClass = false;
        for (int i = 0; i < pattern.Length; i++)
        {
            string rest = pattern[i..];
            if (pattern[i] == '\\')
            {
                CheckEscape(pattern, rest);
                i++;
            }
            else if (inClass)
            {
                inClass = pattern[i] != ']';
                Refuse(pattern[i] == '[' || rest.StartsWith("&&", StringComparison.Ordinal), pattern, rest);
            }
            else
            {
                inClass = pattern[i] == '[';
                bool beginsClosed = rest.StartsWith("[]", StringComparison.Ordinal) || rest.StartsWith("[^]", StringComparison.Ordinal);
                Refuse(beginsClosed, pattern, rest);
                Refuse(pattern[i] is '^' or '$', pattern, rest);
                Refuse(
                    rest.StartsWith("(?", StringComparison.Ordinal) && !_groups.Any(g => rest.StartsWith(g, StringComparison.Ordinal)),
                    pattern,
                    rest);
            }
        }
    }

    private static void CheckEscape(string pattern, string rest)
    {
        char escaped = rest.Length > 1 ? rest[1] : '\0';
        bool known = escaped is 's' or 'S' or 'd' or 'D' or 'r' or 'n' or 't' or 'p' or 'P'
            || (char.IsAscii(escaped) && !char.IsAsciiLetterOrDigit(escaped) && escaped != '\0');
        Refuse(!known || rest.StartsWith(@"\p{^", StringComparison.Ordinal), pattern, rest);
    }

    private static void Refuse(bool refused, string pattern, string rest)
    {
        if (refused)
        {
            throw new FormatException($"unsupported split pattern '{pattern}' (at '{rest[..Math.Min(rest.Length, 8)]}')");
        }
    }
}
