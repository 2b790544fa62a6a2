namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>Python's string operations on marked strings.</summary>
internal static class TextOperations
{
    /// <summary>Without the given characters (white space if null) at its ends.</summary>
    public static MarkedString Strip(MarkedString text, string? characters, bool left, bool right)
    {
        int start = 0;
        int end = text.Length;
        while (left && start < end && IsStripped(text.Text[start]))
        {
            start++;
        }

        while (right && end > start && IsStripped(text.Text[end - 1]))
        {
            end--;
        }

        return text.Slice(start, end - start);

        bool IsStripped(char c) => characters is null ? IsSpace(c) : characters.Contains(c);
    }

    /// <summary>Each character put through a mapping that keeps the length.</summary>
    public static MarkedString Map(MarkedString text, Func<char, char> map) =>
        text.With(string.Create(text.Length, (text.Text, map), (chars, state) =>
        {
            for (int i = 0; i < chars.Length; i++)
            {
                chars[i] = state.map(state.Text[i]);
            }
        }));

    public static MarkedString Capitalize(MarkedString text)
    {
        bool first = true;
        return Map(text, c =>
        {
            char mapped = first ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c);
            first = false;
            return mapped;
        });
    }

    /// <summary>
    /// Words begin in upper case and go on in lower case; a word goes on after a character for which <paramref name="goesOn"/>.
    /// </summary>
    public static MarkedString Title(MarkedString text, Func<char, bool> goesOn)
    {
        bool inWord = false;
        return Map(text, c =>
        {
            char mapped = inWord ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c);
            inWord = goesOn(c);
            return mapped;
        });
    }

    /// <summary>The first <paramref name="count"/> (all if negative) occurrences of a text replaced.</summary>
    public static MarkedString Replace(MarkedString text, MarkedString old, MarkedString replacement, long count, RenderBudget budget)
    {
        if (old.Length == 0)
        {
            throw new TemplateException("an empty text to replace");
        }

        List<(int Start, int End)> found = Occurrences(text.Text, old.Text, fromRight: false);
        int replaced = (int)(count < 0 ? found.Count : Math.Min(count, found.Count));
        budget.Step(replaced);
        budget.Characters(text.Length + ((long)replaced * (replacement.Length - old.Length)));
        var result = new MarkedStringBuilder();
        int done = 0;
        foreach ((int start, int end) in found.Take(replaced))
        {
            result.Append(text, done, start - done);
            result.Append(replacement);
            done = end;
        }

        result.Append(text, done, text.Length - done);
        return result.ToMarked();
    }

    /// <summary>
    /// Pieces between separators (runs of white space if null); at most <paramref name="most"/> cuts, from the right if asked.
    /// </summary>
    public static List<object?> Split(MarkedString text, string? separator, long most, bool fromRight)
    {
        if (separator is "")
        {
            throw new TemplateException("an empty separator");
        }

        List<(int Start, int End)> cuts = separator is null ? Spaces(text.Text) : Occurrences(text.Text, separator, fromRight);
        int start = 0;
        int end = text.Length;
        if (separator is null)
        {
            start = cuts.Count > 0 && cuts[0].Start == 0 ? cuts[0].End : 0;
            end = cuts.Count > 0 && cuts[^1].End == text.Length ? Math.Max(start, cuts[^1].Start) : text.Length;
            cuts = cuts.Where(c => c.Start >= start && c.Start > 0 && c.End < text.Length).ToList();
            if (start >= end)
            {
                return [];
            }
        }

        if (most >= 0 && cuts.Count >= most)
        {
            cuts = fromRight ? cuts[^(int)most..] : cuts[..(int)most];
            // White space beyond the last cut stays on its piece, but for the end that the cut piece faces.
            end = separator is null && !fromRight ? text.Length : end;
            start = separator is null && fromRight ? 0 : start;
        }

        List<object?> pieces = [];
        foreach ((int cutStart, int cutEnd) in cuts)
        {
            pieces.Add(text.Slice(start, cutStart - start));
            start = cutEnd;
        }

        pieces.Add(text.Slice(start, end - start));
        return pieces;
    }

    /// <summary>Lines without their ends.</summary>
    public static List<object?> Lines(MarkedString text)
    {
        List<object?> lines = [];
        int start = 0;
        while (start < text.Length)
        {
            int end = text.Text.AsSpan(start).IndexOfAny("\n\r\v\f\u001C\u001D\u001E\u0085\u2028\u2029");
            if (end < 0)
            {
                lines.Add(text.Slice(start));
                break;
            }

            lines.Add(text.Slice(start, end));
            end += start;
            start = end + (text.Text[end] == '\r' && end + 1 < text.Length && text.Text[end + 1] == '\n' ? 2 : 1);
        }

        return lines;
    }

    /// <summary>Items as text with a separator between.</summary>
    public static MarkedString Join(MarkedString separator, IEnumerable<object?> items, RenderBudget budget)
    {
        var builder = new MarkedStringBuilder();
        bool first = true;
        foreach (object? item in items)
        {
            MarkedString text = PythonText.Of(item, budget);
            budget.Grow(builder.Length, (long)text.Length + separator.Length);
            if (!first)
            {
                builder.Append(separator);
            }

            builder.Append(text);
            first = false;
        }

        return builder.ToMarked();
    }

    /// <summary>White space, as Python sees it.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001C' and <= '\u001F';

    private static List<(int Start, int End)> Spaces(string text)
    {
        List<(int, int)> runs = [];
        for (int at = 0; at < text.Length; at++)
        {
            int start = at;
            while (at < text.Length && IsSpace(text[at]))
            {
                at++;
            }

            if (at > start)
            {
                runs.Add((start, at));
            }
        }

        return runs;
    }

    private static List<(int Start, int End)> Occurrences(string text, string separator, bool fromRight)
    {
        List<(int Start, int End)> found = [];
        if (fromRight)
        {
            int at;
            for (int end = text.Length; end >= separator.Length && (at = text.AsSpan(0, end).LastIndexOf(separator)) >= 0; end = at)
            {
                found.Add((at, at + separator.Length));
            }

            found.Reverse();
            return found;
        }

        int next;
        for (int at = 0; (next = text.IndexOf(separator, at, StringComparison.Ordinal)) >= 0; at = next + separator.Length)
        {
            found.Add((next, next + separator.Length));
        }

        return found;
    }
}
