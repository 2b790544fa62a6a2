using System.Globalization;
using System.Runtime.CompilerServices;

namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>Values as Python prints them.</summary>
internal static class PythonText
{
    /// <summary>str(value): what {{ value }} writes. Undefined is empty.</summary>
    public static MarkedString Of(object? value, RenderBudget budget)
    {
        if (value is MarkedString text)
        {
            return text;
        }

        if (value is Undefined)
        {
            return MarkedString.Empty;
        }

        var builder = new MarkedStringBuilder();
        Write(value, builder, budget);
        return builder.ToMarked();
    }

    /// <summary>A float: the shortest digits that read back, always with a point or an exponent.</summary>
    public static string OfNumber(double value)
    {
        if (double.IsNaN(value) || double.IsInfinity(value))
        {
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }

        double size = Math.Abs(value);
        if (size != 0 && (size < 1e-4 || size >= 1e16))
        {
            string text = value.ToString("0.################e+00", CultureInfo.InvariantCulture);
            return double.Parse(text, CultureInfo.InvariantCulture) == value
                ? text
                : value.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e');
        }

        string plain = value.ToString("R", CultureInfo.InvariantCulture);
        if (plain.Contains('E'))
        {
            plain = value.ToString("0.####################", CultureInfo.InvariantCulture);
        }

        return plain.Contains('.') ? plain : plain + ".0";
    }

    // repr(value)
    private static void Write(object? value, MarkedStringBuilder builder, RenderBudget budget)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        budget.Step();
        switch (value)
        {
            case MarkedString text:
                budget.Grow(builder.Length, text.Length);
                WriteQuoted(text, builder);
                break;
            case List<object?> list:
                builder.Append("[", fromUser: false);
                for (int i = 0; i < list.Count; i++)
                {
                    builder.Append(i > 0 ? ", " : "", fromUser: false);
                    Write(list[i], builder, budget);
                }

                builder.Append("]", fromUser: false);
                break;
            case TemplateDictionary dictionary:
                builder.Append("{", fromUser: false);
                for (int i = 0; i < dictionary.Entries.Count; i++)
                {
                    builder.Append(i > 0 ? ", " : "", fromUser: false);
                    Write(dictionary.Entries[i].Key, builder, budget);
                    builder.Append(": ", fromUser: false);
                    Write(dictionary.Entries[i].Value, builder, budget);
                }

                builder.Append("}", fromUser: false);
                break;
            default:
                builder.Append(Simple(value), fromUser: false);
                break;
        }
    }

    private static string Simple(object? value) => value switch
    {
        null => "None",
        bool flag => flag ? "True" : "False",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => OfNumber(number),
        Undefined => "Undefined",
        _ => throw new TemplateException($"cannot write {Values.TypeName(value)}"),
    };

    private static void WriteQuoted(MarkedString text, MarkedStringBuilder builder)
    {
        char quote = text.Text.Contains('\'') && !text.Text.Contains('"') ? '"' : '\'';
        builder.Append([quote], fromUser: false);
        foreach ((int start, int length, bool fromUser) in text.Runs(0, text.Length))
        {
            foreach (char c in text.Text.AsSpan(start, length))
            {
                string? escaped = c switch
                {
                    '\\' => "\\\\",
                    '\n' => "\\n",
                    '\r' => "\\r",
                    '\t' => "\\t",
                    _ when c == quote => "\\" + quote,
                    _ when char.IsControl(c) => $"\\x{(int)c:x2}",
                    _ => null,
                };
                builder.Append(escaped is null ? [c] : escaped, fromUser);
            }
        }

        builder.Append([quote], fromUser: false);
    }
}
