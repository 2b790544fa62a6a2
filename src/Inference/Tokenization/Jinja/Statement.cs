namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>The closed set of statement nodes.</summary>
internal abstract record Statement(int Line);

/// <summary>Text between tags.</summary>
internal sealed record TextStatement(MarkedString Text, int Line) : Statement(Line);

/// <summary>{{ expression }}.</summary>
internal sealed record OutputStatement(Expression Value, int Line) : Statement(Line);

/// <summary>if, elif ...; else.</summary>
internal sealed record IfStatement(
    IReadOnlyList<(Expression Condition, IReadOnlyList<Statement> Body)> Branches, IReadOnlyList<Statement> Else, int Line)
    : Statement(Line);

/// <summary>for targets in items if condition; else runs where there was no item.</summary>
internal sealed record ForStatement(
    IReadOnlyList<string> Targets,
    Expression Items,
    Expression? Condition,
    IReadOnlyList<Statement> Body,
    IReadOnlyList<Statement> Else,
    int Line) : Statement(Line);

/// <summary>set a, b = value.</summary>
internal sealed record SetStatement(IReadOnlyList<string> Targets, Expression Value, int Line) : Statement(Line);

/// <summary>set namespace.member = value.</summary>
internal sealed record SetMemberStatement(string Target, string Member, Expression Value, int Line) : Statement(Line);

/// <summary>set a; text; endset.</summary>
internal sealed record SetBlockStatement(string Target, IReadOnlyList<Statement> Body, int Line) : Statement(Line);

/// <summary>macro name(parameters).</summary>
internal sealed record MacroStatement(
    string Id, IReadOnlyList<(string Id, Expression? Default)> Parameters, IReadOnlyList<Statement> Body, int Line) : Statement(Line);

/// <summary>A body that runs as it stands (the generation tag, which marks answers for training).</summary>
internal sealed record GroupStatement(IReadOnlyList<Statement> Body, int Line) : Statement(Line);

/// <summary>break or continue.</summary>
internal sealed record LoopControlStatement(bool IsBreak, int Line) : Statement(Line);
