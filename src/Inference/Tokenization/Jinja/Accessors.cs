namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>Members, subscripts and slices of values. What is not there is undefined; looking into undefined is an error.</summary>
internal static class Accessors
{
    public static object? Member(object? target, string id)
    {
        switch (target)
        {
            case TemplateDictionary dictionary:
                return dictionary.TryGet(id, out object? value) ? value : new Undefined($"'{id}'");
            case TemplateNamespace ns:
                return ns.Members.TryGetValue(id, out object? member) ? member : new Undefined($"'{id}'");
            case LoopState loop:
                return loop.Get(id);
            case Undefined undefined:
                throw new TemplateException($"{undefined.What} is undefined, so it has no '{id}'");
            default:
                return new Undefined($"'{id}' of {Values.TypeName(target)}");
        }
    }

    public static object? Item(object? target, object? index, RenderBudget budget)
    {
        switch (target, index)
        {
            case (TemplateDictionary or TemplateNamespace or LoopState, MarkedString key):
                return Member(target, key.Text);
            case (List<object?> list, long at):
                at = at < 0 ? at + list.Count : at;
                return at >= 0 && at < list.Count ? list[(int)at] : new Undefined($"item {index}");
            case (MarkedString text, long at):
                budget.Characters(text.Length);
                int points = text.Points;
                at = at < 0 ? at + points : at;
                return at >= 0 && at < points ? text.SlicePoints((int)at, 1) : new Undefined($"character {index}");
            case (Undefined undefined, _):
                throw new TemplateException($"{undefined.What} is undefined, so it has no items");
            default:
                return new Undefined($"an item of {Values.TypeName(target)}");
        }
    }

    /// <summary>target[start:stop:step] with Python's rules for absent and negative places.</summary>
    public static object? Slice(object? target, object? start, object? stop, object? step, RenderBudget budget)
    {
        long stride = Place(step) ?? 1;
        if (stride == 0)
        {
            throw new TemplateException("a slice's step is 0");
        }

        switch (target)
        {
            case List<object?> list:
                budget.Step(list.Count);
                return Places(list.Count, Place(start), Place(stop), stride).Select(i => list[i]).ToList();
            case MarkedString text:
                budget.Characters(text.Length);
                return SliceText(text, Place(start), Place(stop), stride);
            default:
                throw new TemplateException($"cannot slice {Values.TypeName(target)}");
        }
    }

    private static MarkedString SliceText(MarkedString text, long? start, long? stop, long stride)
    {
        if (stride == 1)
        {
            int points = text.Points;
            int from = (int)Clamp(start ?? 0, points);
            int to = (int)Clamp(stop ?? points, points);
            return to > from ? text.SlicePoints(from, to - from) : MarkedString.Empty;
        }

        List<MarkedString> characters = text.Characters();
        return MarkedString.Concat(Places(characters.Count, start, stop, stride).Select(i => characters[i]).ToArray());
    }

    private static IEnumerable<int> Places(int count, long? start, long? stop, long stride)
    {
        if (stride > 0)
        {
            long end = Clamp(stop ?? count, count);
            for (long at = Clamp(start ?? 0, count); at < end; at += Math.Min(stride, count))
            {
                yield return (int)at;
            }
        }
        else
        {
            long end = stop is null ? -1 : Math.Clamp(stop < 0 ? stop.Value + count : stop.Value, -1, count - 1);
            long at = start is null ? count - 1 : Math.Clamp(start < 0 ? start.Value + count : start.Value, -1, count - 1);
            for (; at > end; at += Math.Max(stride, -(long)count))
            {
                yield return (int)at;
            }
        }
    }

    private static long Clamp(long at, int count) => Math.Clamp(at < 0 ? at + count : at, 0, count);

    private static long? Place(object? value) => value switch
    {
        null => null,
        long place => Math.Clamp(place, int.MinValue, int.MaxValue),
        _ => throw new TemplateException($"a slice needs integers, not {Values.TypeName(value)}"),
    };
}
