using System.Globalization;

namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>The filters a template may use.</summary>
internal static class Filters
{
    public static IReadOnlyDictionary<string, Builtin> All { get; } = Build();

    private static Dictionary<string, Builtin> Build()
    {
        var all = new Dictionary<string, Builtin>(StringComparer.Ordinal)
        {
            ["trim"] = new(c => TextOperations.Strip(AsText(c), c.OptionalText(0)?.Text, left: true, right: true), "chars?"),
            ["upper"] = new(c => TextOperations.Map(AsText(c), char.ToUpperInvariant)),
            ["lower"] = new(c => TextOperations.Map(AsText(c), char.ToLowerInvariant)),
            ["capitalize"] = new(c => TextOperations.Capitalize(AsText(c))),
            ["title"] = new(c => TextOperations.Title(AsText(c), at => !TextOperations.IsSpace(at) && !"-({[<".Contains(at))),
            ["replace"] = new(Replace, "old", "new", "count?"),
            ["string"] = new(c => AsText(c)),
            ["safe"] = new(c => AsText(c)),
            ["length"] = new(Length),
            ["count"] = new(Length),
            ["default"] = new(Default, "default_value?", "boolean?"),
            ["d"] = new(Default, "default_value?", "boolean?"),
            ["int"] = new(ToInteger, "default?"),
            ["float"] = new(ToFloat, "default?"),
            ["abs"] = new(Absolute),
            ["list"] = new(c => Values.Items(c.Subject, c.Budget).ToList()),
            ["first"] = new(c => Values.Items(c.Subject, c.Budget) is [var first, ..] ? first : new Undefined("the first of no items")),
            ["last"] = new(c => Values.Items(c.Subject, c.Budget) is [.., var last] ? last : new Undefined("the last of no items")),
            ["reverse"] = new(Reverse),
            ["join"] = new(Join, "d?", "attribute?"),
            ["items"] = new(Items),
            ["dictsort"] = new(SortedItems),
            ["tojson"] = new(ToJson, "indent?", "ensure_ascii?"),
        };
        foreach ((string name, Builtin filter) in SelectionFilters.All)
        {
            all[name] = filter;
        }

        return all;
    }

    private static MarkedString AsText(BuiltinCall call)
    {
        MarkedString text = PythonText.Of(call.Subject, call.Budget);
        call.Budget.Characters(text.Length);
        return text;
    }

    private static object? Replace(BuiltinCall call)
    {
        long count = call.Argument(2) is null ? -1 : call.Integer(2, -1);
        return TextOperations.Replace(AsText(call), call.TextArgument(0), call.TextArgument(1), count, call.Budget);
    }

    private static object? Length(BuiltinCall call) => call.Subject switch
    {
        MarkedString text => (long)text.Points,
        List<object?> list => (long)list.Count,
        TemplateDictionary dictionary => (long)dictionary.Entries.Count,
        Undefined => 0L,
        _ => throw new TemplateException($"{Values.TypeName(call.Subject)} has no length"),
    };

    private static object? Default(BuiltinCall call)
    {
        bool absent = call.Subject is Undefined || (Values.IsTrue(call.Argument(1, false)) && !Values.IsTrue(call.Subject));
        return absent ? call.Argument(0, MarkedString.Empty) : call.Subject;
    }

    private static object? ToInteger(BuiltinCall call)
    {
        switch (call.Subject)
        {
            case bool flag:
                return flag ? 1L : 0L;
            case long number:
                return number;
            case double number when Math.Abs(number) < long.MaxValue:
                return (long)number;
            case MarkedString text when long.TryParse(text.Text, NumberStyles.Integer, CultureInfo.InvariantCulture, out long number):
                return number;
            case MarkedString text when TryFloat(text, out double number) && Math.Abs(number) < long.MaxValue:
                return (long)number;
            default:
                return call.Argument(0, 0L);
        }
    }

    private static object? ToFloat(BuiltinCall call)
    {
        if (Values.TryNumber(call.Subject, out double number))
        {
            return number;
        }

        return call.Subject is MarkedString text && TryFloat(text, out number) ? number : call.Argument(0, 0.0);
    }

    private static bool TryFloat(MarkedString text, out double number) =>
        double.TryParse(text.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out number);

    private static object? Absolute(BuiltinCall call) => call.Subject switch
    {
        long number and > long.MinValue => (object)Math.Abs(number),
        double number => Math.Abs(number),
        _ => throw new TemplateException($"no absolute value of {Values.TypeName(call.Subject)}"),
    };

    private static object? Reverse(BuiltinCall call) => call.Subject is MarkedString
        ? Accessors.Slice(call.Subject, null, null, -1L, call.Budget)
        : Enumerable.Reverse(Values.Items(call.Subject, call.Budget)).ToList();

    private static object? Join(BuiltinCall call)
    {
        IEnumerable<object?> items = Values.Items(call.Subject, call.Budget);
        if (call.Argument(1) is not null)
        {
            items = items.Select(i => SelectionFilters.Attribute(i, call.Argument(1), call.Budget));
        }

        return TextOperations.Join(PythonText.Of(call.Argument(0, MarkedString.Empty), call.Budget), items, call.Budget);
    }

    private static object? Items(BuiltinCall call) => call.Subject switch
    {
        TemplateDictionary dictionary => Methods.Items(dictionary, call.Budget),
        Undefined => new List<object?>(),
        _ => throw new TemplateException($"needs a dictionary, not {Values.TypeName(call.Subject)}"),
    };

    private static object? SortedItems(BuiltinCall call)
    {
        TemplateDictionary dictionary = call.Subject as TemplateDictionary
            ?? throw new TemplateException($"needs a dictionary, not {Values.TypeName(call.Subject)}");
        call.Budget.Step(dictionary.Entries.Count);
        return dictionary.Entries
            .OrderBy(e => e.Key.Text.ToLowerInvariant(), StringComparer.Ordinal)
            .Select(e => (object?)new List<object?> { e.Key, e.Value })
            .ToList();
    }

    private static object? ToJson(BuiltinCall call)
    {
        if (Values.IsTrue(call.Argument(1, false)))
        {
            throw new TemplateException("ensure_ascii is not supported");
        }

        long? indent = call.Argument(0) is null ? null : Math.Clamp(call.Integer(0, 0), 0, 32);
        return JsonValues.ToJson(call.Subject, (int?)indent, call.Budget);
    }
}
