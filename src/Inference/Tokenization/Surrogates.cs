namespace KVCluster.Inference.Tokenization;

/// <summary>Makes UTF-16 from outside well formed.</summary>
internal static class Surrogates
{
    /// <summary>
    /// The text with each unpaired surrogate replaced by U+FFFD; lengths and places stay. Copies only where there is one.
    /// </summary>
    public static ReadOnlySpan<char> Repair(ReadOnlySpan<char> text)
    {
        char[]? repaired = null;
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
            {
                continue;
            }

            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
            {
                i++;
                continue;
            }

            repaired ??= text.ToArray();
            repaired[i] = '\uFFFD';
        }

        return repaired ?? text;
    }
}
