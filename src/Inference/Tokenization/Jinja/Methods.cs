namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>The methods a template may call: those of strings that make no other sense, and those of dictionaries that read.</summary>
internal static class Methods
{
    public static IReadOnlyDictionary<string, Builtin> All { get; } = new Dictionary<string, Builtin>(StringComparer.Ordinal)
    {
        ["strip"] = new(c => Strip(c, left: true, right: true), "chars?"),
        ["lstrip"] = new(c => Strip(c, left: true, right: false), "chars?"),
        ["rstrip"] = new(c => Strip(c, left: false, right: true), "chars?"),
        ["split"] = new(c => Split(c, fromRight: false), "sep?", "maxsplit?"),
        ["rsplit"] = new(c => Split(c, fromRight: true), "sep?", "maxsplit?"),
        ["splitlines"] = new(c => TextOperations.Lines(Charged(c))),
        ["startswith"] = new(c => Affixes(c).Any(a => Charged(c).Text.StartsWith(a.Text, StringComparison.Ordinal)), "prefix"),
        ["endswith"] = new(c => Affixes(c).Any(a => Charged(c).Text.EndsWith(a.Text, StringComparison.Ordinal)), "suffix"),
        ["removeprefix"] = new(RemovePrefix, "prefix"),
        ["removesuffix"] = new(RemoveSuffix, "suffix"),
        ["replace"] = new(Replace, "old", "new", "count?"),
        ["upper"] = new(c => TextOperations.Map(Charged(c), char.ToUpperInvariant)),
        ["lower"] = new(c => TextOperations.Map(Charged(c), char.ToLowerInvariant)),
        ["capitalize"] = new(c => TextOperations.Capitalize(Charged(c))),
        ["title"] = new(c => TextOperations.Title(Charged(c), char.IsLetter)),
        ["find"] = new(c => Place(c, c => Charged(c).Text.IndexOf(c.TextArgument(0).Text, StringComparison.Ordinal)), "sub"),
        ["rfind"] = new(c => Place(c, c => Charged(c).Text.AsSpan().LastIndexOf(c.TextArgument(0).Text)), "sub"),
        ["count"] = new(Count, "sub"),
        ["join"] = new(c => TextOperations.Join(c.Text, Values.Items(c.Argument(0), c.Budget), c.Budget), "iterable"),
        ["items"] = new(c => Items(Dictionary(c), c.Budget)),
        ["keys"] = new(c => Dictionary(c).Entries.Select(e => (object?)e.Key).ToList()),
        ["values"] = new(c => Dictionary(c).Entries.Select(e => e.Value).ToList()),
        ["get"] = new(c => Dictionary(c).TryGet(c.TextArgument(0).Text, out object? value) ? value : c.Argument(1), "key", "default?"),
    };

    /// <summary>Pairs of key and value.</summary>
    public static List<object?> Items(TemplateDictionary dictionary, RenderBudget budget)
    {
        budget.Step(dictionary.Entries.Count);
        return dictionary.Entries.Select(e => (object?)new List<object?> { e.Key, e.Value }).ToList();
    }

    private static MarkedString Charged(BuiltinCall call)
    {
        call.Budget.Characters(call.Text.Length);
        return call.Text;
    }

    private static TemplateDictionary Dictionary(BuiltinCall call) => call.Subject as TemplateDictionary
        ?? throw new TemplateException($"needs a dictionary, not {Values.TypeName(call.Subject)}");

    private static MarkedString Strip(BuiltinCall call, bool left, bool right) =>
        TextOperations.Strip(Charged(call), call.OptionalText(0)?.Text, left, right);

    private static List<object?> Split(BuiltinCall call, bool fromRight)
    {
        List<object?> pieces = TextOperations.Split(Charged(call), call.OptionalText(0)?.Text, call.Integer(1, -1), fromRight);
        call.Budget.Step(pieces.Count);
        return pieces;
    }

    private static MarkedString Replace(BuiltinCall call) =>
        TextOperations.Replace(Charged(call), call.TextArgument(0), call.TextArgument(1), call.Integer(2, -1), call.Budget);

    // One string, or a tuple of them.
    private static IEnumerable<MarkedString> Affixes(BuiltinCall call) => call.Argument(0) is List<object?> list
        ? list.Select(a => a as MarkedString ?? throw new TemplateException($"needs strings, not {Values.TypeName(a)}"))
        : [call.TextArgument(0)];

    private static object? RemovePrefix(BuiltinCall call)
    {
        string prefix = call.TextArgument(0).Text;
        return Charged(call).Text.StartsWith(prefix, StringComparison.Ordinal) ? call.Text.Slice(prefix.Length) : call.Text;
    }

    private static object? RemoveSuffix(BuiltinCall call)
    {
        MarkedString text = Charged(call);
        string suffix = call.TextArgument(0).Text;
        return text.Text.EndsWith(suffix, StringComparison.Ordinal) ? text.Slice(0, text.Length - suffix.Length) : text;
    }

    private static object? Place(BuiltinCall call, Func<BuiltinCall, int> find)
    {
        int at = find(call);
        return at < 0 ? -1L : call.Text.PointsBefore(at);
    }

    private static object? Count(BuiltinCall call)
    {
        string sub = call.TextArgument(0).Text;
        return sub.Length == 0 ? call.Text.Points + 1L : (long)Charged(call).Text.AsSpan().Count(sub);
    }
}
