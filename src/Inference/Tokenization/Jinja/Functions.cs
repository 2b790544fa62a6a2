using System.Globalization;
using System.Text;

namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>The global functions of chat templates.</summary>
internal static class Functions
{
    private const int LongestRange = 100_000;
    private const string DateCodes = "aAbBdHIjmMpSyY%ef-";

    public static IReadOnlyDictionary<string, Builtin> All { get; } = new Dictionary<string, Builtin>(StringComparer.Ordinal)
    {
        ["range"] = new(Range, "start", "stop?", "step?"),
        ["namespace"] = new(Namespace) { IsVariadic = true },
        ["dict"] = new(Dictionary) { IsVariadic = true },
        ["raise_exception"] = new(Refuse, "message"),
        ["strftime_now"] = new(c => FormatDate(c.TextArgument(0), c.Evaluator.Time.GetLocalNow()), "format"),
    };

    /// <summary>What can be said of literal arguments before anything runs.</summary>
    public static void CheckLiterals(string function, CallArguments arguments, int line)
    {
        if (function == "strftime_now" && arguments.Positional is [Literal { Value: MarkedString format }])
        {
            try
            {
                FormatDate(format, DateTimeOffset.UnixEpoch);
            }
            catch (TemplateException e)
            {
                throw new TemplateException(e.Message, line);
            }
        }

        if (function is "namespace" or "dict" && arguments.Positional.Count > 1)
        {
            throw new TemplateException($"function '{function}' does not take {arguments.Positional.Count} arguments", line);
        }
    }

    private static object? Refuse(BuiltinCall call) =>
        throw new TemplateException($"the template refuses these messages: {PythonText.Of(call.Argument(0), call.Budget)}");

    private static object? Range(BuiltinCall call)
    {
        long first = call.Integer(0, 0);
        long? second = call.Argument(1) is null ? null : call.Integer(1, 0);
        long start = second is null ? 0 : first;
        long stop = second ?? first;
        long step = call.Integer(2, 1);
        if (step == 0)
        {
            throw new TemplateException("a range's step is 0");
        }

        double length = Math.Ceiling(((double)stop - start) / step);
        if (length > LongestRange)
        {
            throw new TemplateException($"a range of {length.ToString(CultureInfo.InvariantCulture)} numbers");
        }

        call.Budget.Step((long)Math.Max(0, length));
        return Enumerable.Range(0, (int)Math.Max(0, length)).Select(i => (object?)(start + (i * step))).ToList();
    }

    private static object? Namespace(BuiltinCall call)
    {
        var created = new TemplateNamespace();
        foreach ((MarkedString key, object? value) in InitialEntries(call))
        {
            created.Members[key.Text] = value;
        }

        return created;
    }

    private static object? Dictionary(BuiltinCall call)
    {
        var created = new TemplateDictionary();
        foreach ((MarkedString key, object? value) in InitialEntries(call))
        {
            created.Set(key, value);
        }

        return created;
    }

    private static IEnumerable<(MarkedString Key, object? Value)> InitialEntries(BuiltinCall call)
    {
        object? given = call.Positional.Count == 0 ? new TemplateDictionary() : call.Positional[0];
        TemplateDictionary source = given as TemplateDictionary
            ?? throw new TemplateException($"needs a dictionary, not {Values.TypeName(given)}");
        return source.Entries.Concat(call.Named.Select(n => ((MarkedString)n.Id, n.Value)));
    }

    // strftime of C, in its own locale ("C").
    private static MarkedString FormatDate(MarkedString format, DateTimeOffset now)
    {
        var text = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            char c = format.Text[i];
            if (c != '%')
            {
                text.Append(c);
                continue;
            }

            char code = ++i < format.Length ? format.Text[i] : '\0';
            bool unpadded = code == '-' && i + 1 < format.Length;
            code = unpadded ? format.Text[++i] : code;
            string value = DateCodes.Contains(code) && code != '-'
                ? FormatCode(code, now)
                : throw new TemplateException($"unsupported date format '%{code}'");
            text.Append(unpadded && value.Length > 1 ? value.TrimStart('0') is { Length: > 0 } trimmed ? trimmed : "0" : value);
        }

        return text.ToString();
    }

    private static string FormatCode(char code, DateTimeOffset now)
    {
        string format = code switch
        {
            'a' => "ddd",
            'A' => "dddd",
            'b' => "MMM",
            'B' => "MMMM",
            'd' => "dd",
            'H' => "HH",
            'I' => "hh",
            'm' => "MM",
            'M' => "mm",
            'p' => "tt",
            'S' => "ss",
            'y' => "yy",
            'Y' => "yyyy",
            _ => "",
        };
        return code switch
        {
            '%' => "%",
            'e' => now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
            'f' => now.ToString("ffffff", CultureInfo.InvariantCulture),
            'j' => now.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
            _ => now.ToString(format, CultureInfo.InvariantCulture),
        };
    }
}
