using System.Runtime.CompilerServices;

namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>
/// What values are and do, as in Python. A value is null (None), bool, long, double, <see cref="MarkedString"/>, List&lt;object?&gt;
/// (lists and
/// tuples), <see cref="TemplateDictionary"/>, <see cref="TemplateNamespace"/>, <see cref="LoopState"/>, <see cref="Macro"/>,
/// <see cref="Builtin"/> or <see cref="Undefined"/>.
/// </summary>
internal static class Values
{
    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        MarkedString text => text.Length > 0,
        List<object?> list => list.Count > 0,
        TemplateDictionary dictionary => dictionary.Entries.Count > 0,
        _ => true,
    };

    /// <summary>The type's name, as Python would say it.</summary>
    public static string TypeName(object? value) => value switch
    {
        null => "none",
        bool => "a boolean",
        long => "an integer",
        double => "a float",
        MarkedString => "a string",
        List<object?> => "a list",
        TemplateDictionary => "a dictionary",
        TemplateNamespace => "a namespace",
        Undefined undefined => $"undefined ({undefined.What})",
        _ => "a function",
    };

    public static bool AreEqual(object? left, object? right, RenderBudget budget)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        budget.Step();
        if (TryNumber(left, out double a) && TryNumber(right, out double b))
        {
            return left is long x && right is long y ? x == y : a == b;
        }

        switch (left, right)
        {
            case (null, null) or (Undefined, Undefined):
                return true;
            case (MarkedString x, MarkedString y):
                budget.Characters(Math.Min(x.Length, y.Length));
                return x.Equals(y);
            case (List<object?> x, List<object?> y):
                return x.Count == y.Count && x.Zip(y).All(p => AreEqual(p.First, p.Second, budget));
            case (TemplateDictionary x, TemplateDictionary y):
                return x.Entries.Count == y.Entries.Count
                    && x.Entries.All(e => y.TryGet(e.Key.Text, out object? other) && AreEqual(e.Value, other, budget));
            default:
                return left is not null && ReferenceEquals(left, right);
        }
    }

    /// <summary>Order of numbers, strings and lists; anything else is an error.</summary>
    public static int Compare(object? left, object? right, RenderBudget budget)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        budget.Step();
        if (left is long x && right is long y)
        {
            return x.CompareTo(y);
        }

        if (TryNumber(left, out double a) && TryNumber(right, out double b))
        {
            return a.CompareTo(b);
        }

        if (left is MarkedString s && right is MarkedString t)
        {
            budget.Characters(Math.Min(s.Length, t.Length));
            return string.CompareOrdinal(s.Text, t.Text);
        }

        if (left is List<object?> p && right is List<object?> q)
        {
            for (int i = 0; i < Math.Min(p.Count, q.Count); i++)
            {
                if (!AreEqual(p[i], q[i], budget))
                {
                    return Compare(p[i], q[i], budget);
                }
            }

            return p.Count.CompareTo(q.Count);
        }

        throw new TemplateException($"cannot compare {TypeName(left)} with {TypeName(right)}");
    }

    /// <summary>The items a loop over a value sees; undefined has none.</summary>
    public static List<object?> Items(object? value, RenderBudget budget)
    {
        List<object?> items = value switch
        {
            List<object?> list => list,
            Undefined => [],
            MarkedString text => [.. text.Characters()],
            TemplateDictionary dictionary => dictionary.Entries.Select(e => (object?)e.Key).ToList(),
            _ => throw new TemplateException($"cannot go through {TypeName(value)}"),
        };
        budget.Step(items.Count);
        return items;
    }

    /// <summary>item in container.</summary>
    public static bool Contains(object? container, object? item, RenderBudget budget)
    {
        switch (container)
        {
            case MarkedString text:
                budget.Characters(text.Length);
                return item is MarkedString part
                    ? text.Text.Contains(part.Text, StringComparison.Ordinal)
                    : throw new TemplateException($"cannot look for {TypeName(item)} in a string");
            case TemplateDictionary dictionary:
                return item is MarkedString key && dictionary.TryGet(key.Text, out _);
            default:
                return Items(container, budget).Any(i => AreEqual(i, item, budget));
        }
    }

    /// <summary>Numbers, and booleans as 0 and 1.</summary>
    public static bool TryNumber(object? value, out double number)
    {
        number = value switch
        {
            bool flag => flag ? 1 : 0,
            long integer => integer,
            double real => real,
            _ => double.NaN,
        };
        return value is bool or long or double;
    }
}
