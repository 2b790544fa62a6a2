using System.Buffers;

namespace KVCluster.Inference.Tokenization;

/// <summary>Finds added tokens in text: the leftmost, and of those at one place the longest.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly SearchValues<string> _texts;
    private readonly Dictionary<char, AddedToken[]> _byFirstChar;

    public AddedTokenMatcher(IEnumerable<AddedToken> tokens)
    {
        AddedToken[] all = tokens.ToArray();
        _texts = SearchValues.Create(all.Select(t => t.Text).Distinct().ToArray(), StringComparison.Ordinal);
        _byFirstChar = all.GroupBy(t => t.Text[0]).ToDictionary(g => g.Key, g => g.OrderByDescending(t => t.Text.Length).ToArray());
        IsEmpty = all.Length == 0;
    }

    public bool IsEmpty { get; }

    /// <summary>
    /// The next added token at or after <paramref name="from"/>; special ones only where <paramref name="trusted"/> holds all of their
    /// text.
    /// The range includes white space the token strips.
    /// </summary>
    public bool TryFind(ReadOnlySpan<char> text, int from, TrustedRanges trusted, out (int Start, int End, int Id) match)
    {
        for (int at = from; !IsEmpty; at++)
        {
            int found = text[at..].IndexOfAny(_texts);
            if (found < 0)
            {
                break;
            }

            at += found;
            foreach (AddedToken token in _byFirstChar[text[at]])
            {
                int end = at + token.Text.Length;
                if (text[at..].StartsWith(token.Text, StringComparison.Ordinal) && (!token.Special || trusted.Contains(at, end)))
                {
                    match = WithStrippedSpace(text, from, at, end, token);
                    return true;
                }
            }
        }

        match = default;
        return false;
    }

    private static (int Start, int End, int Id) WithStrippedSpace(ReadOnlySpan<char> text, int from, int start, int end, AddedToken token)
    {
        while (token.StripLeft && start > from && char.IsWhiteSpace(text[start - 1]))
        {
            start--;
        }

        while (token.StripRight && end < text.Length && char.IsWhiteSpace(text[end]))
        {
            end++;
        }

        return (start, end, token.Id);
    }
}
