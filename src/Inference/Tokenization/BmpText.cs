using System.Globalization;
using System.Text;

namespace KVCluster.Inference.Tokenization;

/// <summary>
/// Text with one UTF-16 unit a character. .NET's regexes see a character beyond the basic plane as two surrogates that are no letters
/// and no numbers, so each is put as a stand-in of the same Unicode category; offsets lead back.
/// </summary>
internal readonly ref struct BmpText
{
    private static readonly char[] _standIns = FindStandIns();
    private readonly int[]? _offsets;

    private BmpText(ReadOnlySpan<char> text, int[]? offsets)
    {
        Text = text;
        _offsets = offsets;
    }

    /// <summary>What to run a regex on.</summary>
    public ReadOnlySpan<char> Text { get; }

    /// <summary>Wraps well-formed UTF-16; copies only where there is something to replace.</summary>
    public static BmpText Of(ReadOnlySpan<char> text)
    {
        if (!text.ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            return new BmpText(text, null);
        }

        char[] chars = new char[text.Length];
        int[] offsets = new int[text.Length + 1];
        int count = 0;
        int offset = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            offsets[count] = offset;
            chars[count++] = rune.IsBmp ? (char)rune.Value : _standIns[(int)Rune.GetUnicodeCategory(rune)];
            offset += rune.Utf16SequenceLength;
        }

        offsets[count] = offset;
        return new BmpText(chars.AsSpan(0, count), offsets);
    }

    /// <summary>Where a place in <see cref="Text"/> lies in the original.</summary>
    public int Offset(int at) => _offsets is null ? at : _offsets[at];

    private static char[] FindStandIns()
    {
        char[] standIns = new char[(int)UnicodeCategory.OtherNotAssigned + 1];
        // From U+0250, past all the characters that split patterns name or fold.
        for (int c = char.MaxValue; c >= 0x0250; c--)
        {
            standIns[(int)char.GetUnicodeCategory((char)c)] = (char)c;
        }

        // No character beyond the basic plane has a category that occurs only below U+0250.
        return standIns;
    }
}
