namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>The tests a template may use after "is".</summary>
internal static class Tests
{
    public static IReadOnlyDictionary<string, Builtin> All { get; } = Build();

    private static Dictionary<string, Builtin> Build()
    {
        var all = new Dictionary<string, Builtin>(StringComparer.Ordinal)
        {
            ["defined"] = new(c => c.Subject is not Undefined),
            ["undefined"] = new(c => c.Subject is Undefined),
            ["none"] = new(c => c.Subject is null),
            ["string"] = new(c => c.Subject is MarkedString),
            ["mapping"] = new(c => c.Subject is TemplateDictionary),
            ["iterable"] = new(c => IsSequence(c.Subject) || c.Subject is Undefined),
            ["sequence"] = new(c => IsSequence(c.Subject) || c.Subject is Undefined),
            ["boolean"] = new(c => c.Subject is bool),
            ["true"] = new(c => c.Subject is true),
            ["false"] = new(c => c.Subject is false),
            ["integer"] = new(c => c.Subject is long),
            ["float"] = new(c => c.Subject is double),
            ["number"] = new(c => c.Subject is long or double or bool),
            ["callable"] = new(c => c.Subject is Macro or Builtin),
            ["even"] = new(c => Integer(c.Subject) % 2 == 0),
            ["odd"] = new(c => Integer(c.Subject) % 2 != 0),
            ["divisibleby"] = new(c => IsDivisible(Integer(c.Subject), Integer(c.Argument(0))), "num"),
            ["in"] = new(c => Values.Contains(c.Argument(0), c.Subject, c.Budget), "seq"),
            ["sameas"] = new(c => IsSame(c.Subject, c.Argument(0)), "other"),
        };

        AddComparison("==", "eq", "equalto");
        AddComparison("!=", "ne");
        AddComparison("<", "lt", "lessthan");
        AddComparison("<=", "le");
        AddComparison(">", "gt", "greaterthan");
        AddComparison(">=", "ge");
        return all;

        void AddComparison(string op, params string[] names)
        {
            foreach (string name in names.Append(op))
            {
                all[name] = new(c => Operators.Holds(op, c.Subject, c.Argument(0), c.Budget), "other");
            }
        }
    }

    private static bool IsSequence(object? value) => value is List<object?> or MarkedString or TemplateDictionary;

    private static bool IsSame(object? left, object? right) => (left, right) switch
    {
        (null, null) => true,
        (bool a, bool b) => a == b,
        (long a, long b) => a == b,
        (MarkedString a, MarkedString b) => a.Equals(b),
        _ => left is not null && ReferenceEquals(left, right),
    };

    private static bool IsDivisible(long number, long by) =>
        by == 0 ? throw new TemplateException("division by zero") : by == -1 || number % by == 0;

    private static long Integer(object? value) => value is long number
        ? number
        : throw new TemplateException($"needs an integer, not {Values.TypeName(value)}");
}
