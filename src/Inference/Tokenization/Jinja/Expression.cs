namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>The closed set of expression nodes; <see cref="Line"/> is where one begins, for error messages.</summary>
internal abstract record Expression(int Line);

/// <summary>A constant: null, bool, long, double or <see cref="MarkedString"/>.</summary>
internal sealed record Literal(object? Value, int Line) : Expression(Line);

/// <summary>A variable.</summary>
internal sealed record Name(string Id, int Line) : Expression(Line);

/// <summary>[a, b] or (a, b).</summary>
internal sealed record ListLiteral(IReadOnlyList<Expression> Items, int Line) : Expression(Line);

/// <summary>{'a': b}.</summary>
internal sealed record DictionaryLiteral(IReadOnlyList<(Expression Key, Expression Value)> Entries, int Line) : Expression(Line);

/// <summary>target.member.</summary>
internal sealed record Member(Expression Target, string Id, int Line) : Expression(Line);

/// <summary>target[index].</summary>
internal sealed record Item(Expression Target, Expression Index, int Line) : Expression(Line);

/// <summary>target[start:stop:step].</summary>
internal sealed record Slice(Expression Target, Expression? Start, Expression? Stop, Expression? Step, int Line) : Expression(Line);

/// <summary>What is passed to a call.</summary>
internal sealed record CallArguments(IReadOnlyList<Expression> Positional, IReadOnlyList<(string Id, Expression Value)> Named)
{
    public static CallArguments None { get; } = new([], []);
}

/// <summary>function(arguments): one of <see cref="Functions"/>, or a macro of the template.</summary>
internal sealed record FunctionCall(string Id, CallArguments Arguments, int Line) : Expression(Line);

/// <summary>target.method(arguments).</summary>
internal sealed record MethodCall(Expression Target, string Id, Builtin Method, CallArguments Arguments, int Line) : Expression(Line);

/// <summary>target | filter(arguments).</summary>
internal sealed record FilterCall(Expression Target, string Id, Builtin Filter, CallArguments Arguments, int Line) : Expression(Line);

/// <summary>target is test(arguments).</summary>
internal sealed record TestCall(Expression Target, string Id, Builtin Test, CallArguments Arguments, int Line) : Expression(Line);

/// <summary>not a.</summary>
internal sealed record Not(Expression Operand, int Line) : Expression(Line);

/// <summary>-a or +a.</summary>
internal sealed record Sign(Expression Operand, bool Negative, int Line) : Expression(Line);

/// <summary>a and b, a or b: yields an operand, as in Python.</summary>
internal sealed record Logical(bool IsAnd, Expression Left, Expression Right, int Line) : Expression(Line);

/// <summary>An arithmetic operator or '~'.</summary>
internal sealed record Binary(string Operator, Expression Left, Expression Right, int Line) : Expression(Line);

/// <summary>a &lt; b &lt; c, in, not in: all links must hold.</summary>
internal sealed record Comparison(Expression First, IReadOnlyList<(string Operator, Expression Operand)> Links, int Line)
    : Expression(Line);

/// <summary>a if condition else b; without an else it is undefined.</summary>
internal sealed record Conditional(Expression Condition, Expression Then, Expression? Else, int Line) : Expression(Line);
