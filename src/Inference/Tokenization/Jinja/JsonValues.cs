using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>
/// JSON in and out: what callers pass becomes values, all their strings marked as users'; tojson writes as Python's json.dumps.
/// </summary>
internal static class JsonValues
{
    private static readonly SearchValues<char> _escaped =
        SearchValues.Create([.. Enumerable.Range(0, ' ').Select(c => (char)c), '"', '\\']);

    /// <summary>The value of an element. Throws <see cref="TemplateException"/> on a string that is not valid Unicode.</summary>
    public static object? FromJson(JsonElement element)
    {
        try
        {
            return Convert(element);
        }
        catch (InvalidOperationException e)
        {
            throw new TemplateException($"a value is not valid JSON: {e.Message}");
        }
    }

    /// <summary>
    /// Writes a value with ", " and ": " between (with an indent: "," and a new line), and characters beyond ASCII as they are, as the
    /// tojson
    /// of chat templates does.
    /// </summary>
    public static MarkedString ToJson(object? value, int? indent, RenderBudget budget)
    {
        var builder = new MarkedStringBuilder();
        Write(value, indent, 0, builder, budget);
        return builder.ToMarked();
    }

    private static object? Convert(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var dictionary = new TemplateDictionary();
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    dictionary.Set(MarkedString.Of(property.Name, fromUser: true), Convert(property.Value));
                }

                return dictionary;
            case JsonValueKind.Array:
                return element.EnumerateArray().Select(Convert).ToList();
            case JsonValueKind.String:
                return MarkedString.Of(element.GetString()!, fromUser: true);
            case JsonValueKind.Number:
                return element.TryGetInt64(out long integer) ? (object)integer : element.GetDouble();
            case JsonValueKind.True or JsonValueKind.False:
                return element.GetBoolean();
            default:
                return null;
        }
    }

    private static void Write(object? value, int? indent, int depth, MarkedStringBuilder builder, RenderBudget budget)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        budget.Step();
        switch (value)
        {
            case MarkedString text:
                budget.Grow(builder.Length, text.Length);
                WriteString(text, builder);
                break;
            case List<object?> list:
                WriteAll('[', ']', list.Count, indent, depth, builder, budget, i => Write(list[i], indent, depth + 1, builder, budget));
                break;
            case TemplateDictionary dictionary:
                WriteAll('{', '}', dictionary.Entries.Count, indent, depth, builder, budget, i =>
                {
                    WriteString(dictionary.Entries[i].Key, builder);
                    builder.Append(": ", fromUser: false);
                    Write(dictionary.Entries[i].Value, indent, depth + 1, builder, budget);
                });
                break;
            default:
                builder.Append(Simple(value), fromUser: false);
                break;
        }
    }

    private static void WriteAll(
        char open, char close, int count, int? indent, int depth, MarkedStringBuilder builder, RenderBudget budget, Action<int> writeItem)
    {
        builder.Append([open], fromUser: false);
        for (int i = 0; i < count; i++)
        {
            builder.Append(i == 0 ? "" : indent is null ? ", " : ",", fromUser: false);
            NewLine(depth + 1);
            writeItem(i);
        }

        if (count > 0)
        {
            NewLine(depth);
        }

        builder.Append([close], fromUser: false);

        void NewLine(int level)
        {
            if (indent is { } width)
            {
                budget.Grow(builder.Length, (long)width * level);
                builder.Append("\n" + new string(' ', width * level), fromUser: false);
            }
        }
    }

    private static string Simple(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double.NaN => "NaN",
        double.PositiveInfinity => "Infinity",
        double.NegativeInfinity => "-Infinity",
        double number => PythonText.OfNumber(number),
        _ => throw new TemplateException($"cannot write {Values.TypeName(value)} as JSON"),
    };

    private static void WriteString(MarkedString text, MarkedStringBuilder builder)
    {
        builder.Append("\"", fromUser: false);
        foreach ((int start, int length, bool fromUser) in text.Runs(0, text.Length))
        {
            ReadOnlySpan<char> rest = text.Text.AsSpan(start, length);
            while (!rest.IsEmpty)
            {
                int plain = rest.IndexOfAny(_escaped);
                builder.Append(plain < 0 ? rest : rest[..plain], fromUser);
                if (plain < 0)
                {
                    break;
                }

                builder.Append(Escape(rest[plain]), fromUser);
                rest = rest[(plain + 1)..];
            }
        }

        builder.Append("\"", fromUser: false);
    }

    private static string Escape(char c) => c switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\b' => "\\b",
        '\f' => "\\f",
        _ => $"\\u{(int)c:x4}",
    };
}
