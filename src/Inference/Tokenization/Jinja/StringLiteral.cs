using System.Globalization;
using System.Text;

namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>Reads string literals with Python's escapes.</summary>
internal static class StringLiteral
{
    /// <summary>The literal whose opening quote is at <paramref name="at"/>: its value, and where it ends.</summary>
    public static (string Text, int End) Read(string source, int at, int line)
    {
        var text = new StringBuilder();
        char quote = source[at++];
        while (at < source.Length && source[at] != quote)
        {
            if (source[at] == '\\' && at + 1 < source.Length)
            {
                at = ReadEscape(source, at, line, text);
            }
            else
            {
                text.Append(source[at++]);
            }
        }

        return at < source.Length ? (text.ToString(), at + 1) : throw new TemplateException("a string is not closed", line);
    }

    private static int ReadEscape(string source, int at, int line, StringBuilder text)
    {
        char c = source[at + 1];
        int digits = c switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            string hex = source.Substring(at + 2, Math.Min(digits, source.Length - at - 2));
            bool valid = hex.Length == digits
                && uint.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint point)
                && point <= 0x10FFFF;
            if (!valid)
            {
                throw new TemplateException($"bad escape '\\{c}{hex}' in a string", line);
            }

            int value = int.Parse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            text.Append(value <= char.MaxValue ? ((char)value).ToString() : char.ConvertFromUtf32(value));
            return at + 2 + digits;
        }

        if (c is 'N' or (>= '1' and <= '7') || (c == '0' && at + 2 < source.Length && source[at + 2] is >= '0' and <= '7'))
        {
            throw new TemplateException($"unsupported escape '\\{c}' in a string", line);
        }

        text.Append(c switch
        {
            'n' => "\n",
            't' => "\t",
            'r' => "\r",
            '0' => "\0",
            'a' => "\a",
            'b' => "\b",
            'f' => "\f",
            'v' => "\v",
            '\\' or '\'' or '"' => c.ToString(),
            '\n' => "",
            _ => "\\" + c,
        });
        return at + 2;
    }
}
