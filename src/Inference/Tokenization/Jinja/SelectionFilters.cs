namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>Filters that apply a test or another filter to each item: select, reject, selectattr, rejectattr and map.</summary>
internal static class SelectionFilters
{
    public static IReadOnlyDictionary<string, Builtin> All { get; } = new Dictionary<string, Builtin>(StringComparer.Ordinal)
    {
        ["select"] = new(c => Select(c, byAttribute: false, keep: true)) { IsVariadic = true },
        ["reject"] = new(c => Select(c, byAttribute: false, keep: false)) { IsVariadic = true },
        ["selectattr"] = new(c => Select(c, byAttribute: true, keep: true)) { IsVariadic = true },
        ["rejectattr"] = new(c => Select(c, byAttribute: true, keep: false)) { IsVariadic = true },
        ["map"] = new(Map) { IsVariadic = true },
    };

    /// <summary>The names of tests and filters inside arguments must be literals that are known.</summary>
    public static void CheckLiterals(string filter, CallArguments arguments, int line)
    {
        int place = filter switch { "select" or "reject" or "map" => 0, "selectattr" or "rejectattr" => 1, _ => -1 };
        if (place < 0)
        {
            return;
        }

        bool mapsAttribute = filter == "map" && arguments.Positional.Count == 0;
        string? misnamed = arguments.Named.Select(n => n.Id).FirstOrDefault(id => !(mapsAttribute && id is "attribute" or "default"));
        if (misnamed is not null)
        {
            throw new TemplateException($"unsupported argument '{misnamed}' of filter '{filter}'", line);
        }

        bool attributeMissing = (place == 1 && arguments.Positional.Count == 0)
            || (mapsAttribute && !arguments.Named.Any(n => n.Id == "attribute"));
        if (attributeMissing)
        {
            throw new TemplateException($"filter '{filter}' needs an attribute", line);
        }

        if (arguments.Positional.Count <= place)
        {
            return;
        }

        string kind = filter == "map" ? "filter" : "test";
        if (arguments.Positional[place] is not Literal { Value: MarkedString name })
        {
            throw new TemplateException($"unsupported: the {kind} that '{filter}' applies is not a literal", line);
        }

        if (!(filter == "map" ? Filters.All : Tests.All).TryGetValue(name.Text, out Builtin? applied))
        {
            throw new TemplateException($"unsupported {kind} '{name.Text}'", line);
        }

        var rest = new CallArguments(arguments.Positional.Skip(place + 1).ToList(), []);
        applied.Check($"{kind} '{name.Text}'", rest, line);
        CheckLiterals(filter == "map" ? name.Text : "", rest, line);
    }

    /// <summary>A member by a dotted path, or an item by its number.</summary>
    public static object? Attribute(object? item, object? path, RenderBudget budget)
    {
        if (path is not MarkedString text)
        {
            return Accessors.Item(item, path, budget);
        }

        foreach (string part in text.Text.Split('.'))
        {
            item = long.TryParse(part, out long index) ? Accessors.Item(item, index, budget) : Accessors.Member(item, part);
        }

        return item;
    }

    private static List<object?> Select(BuiltinCall call, bool byAttribute, bool keep)
    {
        int place = byAttribute ? 1 : 0;
        Builtin? test = call.Positional.Count > place ? Tests.All[((MarkedString)call.Positional[place]!).Text] : null;
        List<object?> rest = call.Positional.Skip(place + 1).ToList();
        List<object?> kept = [];
        foreach (object? item in Values.Items(call.Subject, call.Budget))
        {
            object? value = byAttribute ? Attribute(item, call.Positional[0], call.Budget) : item;
            bool passes = Values.IsTrue(test is null ? value : test.Call(call.Evaluator, value, rest, []));
            if (passes == keep)
            {
                kept.Add(item);
            }
        }

        return kept;
    }

    private static object? Map(BuiltinCall call)
    {
        List<object?> items = Values.Items(call.Subject, call.Budget);
        if (call.Positional.Count == 0)
        {
            object? path = call.Named.First(n => n.Id == "attribute").Value;
            bool hasDefault = call.Named.Any(n => n.Id == "default");
            object? otherwise = call.Named.FirstOrDefault(n => n.Id == "default").Value;
            return items.Select(i => Attribute(i, path, call.Budget)).Select(v => v is Undefined && hasDefault ? otherwise : v).ToList();
        }

        Builtin filter = Filters.All[((MarkedString)call.Positional[0]!).Text];
        List<object?> rest = call.Positional.Skip(1).ToList();
        return items.Select(i => filter.Call(call.Evaluator, i, rest, [])).ToList();
    }
}
