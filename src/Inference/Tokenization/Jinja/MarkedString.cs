using System.Text;

namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>
/// A string that knows which parts of it came from users. Marks follow the characters through every operation; comparisons see
/// only the text. Places are UTF-16 units unless they are called points (code points, in which templates count).
/// </summary>
internal sealed class MarkedString : IEquatable<MarkedString>
{
    private readonly (int End, bool FromUser)[] _runs;
    private int? _points;

    /// <summary>A string of runs that end at ascending places; the last run ends the text, and an empty text has none.</summary>
    public MarkedString(string text, (int End, bool FromUser)[] runs)
    {
        Text = text;
        _runs = runs;
    }

    public static MarkedString Empty { get; } = new("", []);

    public string Text { get; }

    public int Length => Text.Length;

    /// <summary>Number of code points.</summary>
    public int Points => _points ??= CountPoints(Text);

    private bool HasPairs => Points != Length;

    public static implicit operator MarkedString(string text) => Of(text, fromUser: false);

    public static MarkedString Of(string text, bool fromUser) => text.Length == 0 ? Empty : new(text, [(text.Length, fromUser)]);

    public static MarkedString Concat(params ReadOnlySpan<MarkedString> parts)
    {
        var builder = new MarkedStringBuilder();
        foreach (MarkedString part in parts)
        {
            builder.Append(part);
        }

        return builder.ToMarked();
    }

    /// <summary>The parts of a range with their marks.</summary>
    public IEnumerable<(int Start, int Length, bool FromUser)> Runs(int start, int length)
    {
        int index = Array.FindIndex(_runs, r => r.End > start);
        for (int at = start; at < start + length; index++)
        {
            int end = Math.Min(_runs[index].End, start + length);
            yield return (at, end - at, _runs[index].FromUser);
            at = end;
        }
    }

    public MarkedString Slice(int start, int length)
    {
        if (start == 0 && length == Length)
        {
            return this;
        }

        var builder = new MarkedStringBuilder();
        builder.Append(this, start, length);
        return builder.ToMarked();
    }

    public MarkedString Slice(int start) => Slice(start, Length - start);

    /// <summary>The same marks over another text of equal length.</summary>
    public MarkedString With(string text) =>
        text.Length == Length ? new(text, _runs) : throw new ArgumentException("another length", nameof(text));

    /// <summary>Each code point as a string of its own.</summary>
    public List<MarkedString> Characters()
    {
        List<MarkedString> characters = new(Length);
        int run = 0;
        for (int at = 0; at < Length;)
        {
            while (_runs[run].End <= at)
            {
                run++;
            }

            int size = at + 1 < Length && char.IsSurrogatePair(Text[at], Text[at + 1]) ? 2 : 1;
            characters.Add(Of(Text.Substring(at, size), _runs[run].FromUser));
            at += size;
        }

        return characters;
    }

    /// <summary>The code point before a UTF-16 place, as a count.</summary>
    public int PointsBefore(int at) => HasPairs ? CountPoints(Text.AsSpan(0, at)) : at;

    /// <summary>The string from code point <paramref name="start"/> on, <paramref name="count"/> of them.</summary>
    public MarkedString SlicePoints(int start, int count)
    {
        if (!HasPairs)
        {
            return Slice(start, count);
        }

        int from = Advance(0, start);
        return Slice(from, Advance(from, count) - from);
    }

    public bool Equals(MarkedString? other) => other is not null && Text == other.Text;

    public override bool Equals(object? obj) => Equals(obj as MarkedString);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;

    private static int CountPoints(ReadOnlySpan<char> text)
    {
        int pairs = 0;
        for (int at = text.IndexOfAnyInRange('\uD800', '\uDBFF'); at >= 0 && at + 1 < text.Length; at++)
        {
            pairs += char.IsSurrogatePair(text[at], text[at + 1]) ? 1 : 0;
        }

        return text.Length - pairs;
    }

    private int Advance(int at, int points)
    {
        for (; points > 0; points--)
        {
            at += Rune.DecodeFromUtf16(Text.AsSpan(at), out _, out int units) == System.Buffers.OperationStatus.Done ? units : 1;
        }

        return at;
    }
}
