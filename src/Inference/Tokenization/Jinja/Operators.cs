namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>Arithmetic, concatenation and comparison, as in Python.</summary>
internal static class Operators
{
    public static object? Signed(object? value, bool negative) => value switch
    {
        long number => negative ? Checked(() => checked(-number)) : number,
        double number => negative ? -number : number,
        _ => throw new TemplateException($"a sign before {Values.TypeName(value)}"),
    };

    public static object? Apply(string op, object? left, object? right, RenderBudget budget)
    {
        if (op == "~")
        {
            return Concatenate(PythonText.Of(left, budget), PythonText.Of(right, budget), budget);
        }

        switch (op, left, right)
        {
            case ("+", MarkedString a, MarkedString b):
                return Concatenate(a, b, budget);
            case ("+", List<object?> a, List<object?> b):
                budget.Step(a.Count + b.Count);
                return a.Concat(b).ToList();
            case ("*", MarkedString text, long count):
                return Repeat(text, count, budget);
            case ("%", MarkedString, _):
                throw new TemplateException("string formatting with '%' is not supported");
        }

        if (left is long x && right is long y)
        {
            return OfIntegers(op, x, y);
        }

        return Values.TryNumber(left, out double p) && Values.TryNumber(right, out double q)
            ? OfFloats(op, p, q)
            : throw new TemplateException($"'{op}' between {Values.TypeName(left)} and {Values.TypeName(right)}");
    }

    public static bool Holds(string op, object? left, object? right, RenderBudget budget) => op switch
    {
        "==" => Values.AreEqual(left, right, budget),
        "!=" => !Values.AreEqual(left, right, budget),
        "<" => Values.Compare(left, right, budget) < 0,
        "<=" => Values.Compare(left, right, budget) <= 0,
        ">" => Values.Compare(left, right, budget) > 0,
        ">=" => Values.Compare(left, right, budget) >= 0,
        "in" => Values.Contains(right, left, budget),
        "not in" => !Values.Contains(right, left, budget),
        _ => throw new InvalidOperationException($"no operator {op}"),
    };

    private static MarkedString Concatenate(MarkedString left, MarkedString right, RenderBudget budget)
    {
        budget.Characters((long)left.Length + right.Length);
        return MarkedString.Concat(left, right);
    }

    private static MarkedString Repeat(MarkedString text, long count, RenderBudget budget)
    {
        count = Math.Clamp(count, 0, int.MaxValue);
        budget.Characters(text.Length * count);
        var builder = new MarkedStringBuilder();
        for (long i = 0; i < count && text.Length > 0; i++)
        {
            builder.Append(text);
        }

        return builder.ToMarked();
    }

    private static object OfIntegers(string op, long x, long y)
    {
        if (op is "/" or "//" or "%" && y == 0)
        {
            throw new TemplateException("division by zero");
        }

        return op switch
        {
            "+" => Checked(() => checked(x + y)),
            "-" => Checked(() => checked(x - y)),
            "*" => Checked(() => checked(x * y)),
            "/" => (double)x / y,
            "//" => Checked(() => FloorDivide(x, y)),
            "%" => y == -1 ? 0L : ((x % y) + y) % y,
            _ => throw new InvalidOperationException($"no operator {op}"),
        };
    }

    private static object OfFloats(string op, double x, double y)
    {
        if (op is "/" or "//" or "%" && y == 0)
        {
            throw new TemplateException("division by zero");
        }

        return op switch
        {
            "+" => x + y,
            "-" => x - y,
            "*" => x * y,
            "/" => x / y,
            "//" => Math.Floor(x / y),
            "%" => x - (y * Math.Floor(x / y)),
            _ => throw new InvalidOperationException($"no operator {op}"),
        };
    }

    private static long FloorDivide(long x, long y)
    {
        long quotient = checked(x / y);
        return x % y != 0 && (x < 0) != (y < 0) ? quotient - 1 : quotient;
    }

    private static object Checked(Func<long> compute)
    {
        try
        {
            return compute();
        }
        catch (OverflowException)
        {
            throw new TemplateException("an integer beyond 64 bits");
        }
    }
}
