using System.Runtime.CompilerServices;

namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>Runs statements and gathers what they write. One object for one rendering.</summary>
internal sealed class Renderer
{
    private const int DeepestMacros = 64;
    private readonly RenderBudget _budget;
    private readonly Evaluator _evaluator;
    private MarkedStringBuilder _output = new();
    private int _macroDepth;

    public Renderer(RenderBudget budget, TimeProvider time, Scope scope)
    {
        _budget = budget;
        _evaluator = new Evaluator(budget, time, CallMacro) { Scope = scope };
    }

    private enum Flow
    {
        Normal,
        Break,
        Continue,
    }

    /// <summary>Line of what is being run, for error messages.</summary>
    public int Line => _evaluator.Line;

    /// <summary>Runs a template and returns what it wrote.</summary>
    public MarkedStringBuilder Run(IReadOnlyList<Statement> statements)
    {
        RunAll(statements);
        return _output;
    }

    private Flow RunAll(IReadOnlyList<Statement> statements)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        foreach (Statement statement in statements)
        {
            _budget.Step();
            _evaluator.Line = statement.Line;
            Flow flow = Run(statement);
            if (flow != Flow.Normal)
            {
                return flow;
            }
        }

        return Flow.Normal;
    }

    private Flow Run(Statement statement)
    {
        switch (statement)
        {
            case TextStatement text:
                Write(text.Text);
                return Flow.Normal;
            case OutputStatement output:
                Write(PythonText.Of(_evaluator.Evaluate(output.Value), _budget));
                return Flow.Normal;
            case IfStatement choice:
                return RunIf(choice);
            case ForStatement loop:
                RunFor(loop);
                return Flow.Normal;
            case GroupStatement group:
                return RunAll(group.Body);
            case LoopControlStatement control:
                return control.IsBreak ? Flow.Break : Flow.Continue;
            case MacroStatement macro:
                _evaluator.Scope.Set(macro.Id, new Macro(macro, _evaluator.Scope));
                return Flow.Normal;
            default:
                Assign(statement);
                return Flow.Normal;
        }
    }

    private void Write(MarkedString text)
    {
        _budget.Grow(_output.Length, text.Length);
        _output.Append(text);
    }

    private Flow RunIf(IfStatement choice)
    {
        foreach ((Expression condition, IReadOnlyList<Statement> body) in choice.Branches)
        {
            if (_evaluator.IsTrue(condition))
            {
                return RunAll(body);
            }
        }

        return RunAll(choice.Else);
    }

    private void RunFor(ForStatement loop)
    {
        Scope outer = _evaluator.Scope;
        List<object?> items = Values.Items(_evaluator.Evaluate(loop.Items), _budget);
        if (loop.Condition is not null)
        {
            items = items.Where(item =>
            {
                _evaluator.Scope = PassScope(outer, loop, item);
                return _evaluator.IsTrue(loop.Condition);
            }).ToList();
        }

        for (int i = 0; i < items.Count; i++)
        {
            _budget.Step();
            _evaluator.Scope = PassScope(outer, loop, items[i]);
            _evaluator.Scope.Set("loop", new LoopState(items, i));
            if (RunAll(loop.Body) == Flow.Break)
            {
                break;
            }
        }

        _evaluator.Scope = outer;
        if (items.Count == 0)
        {
            RunAll(loop.Else);
        }
    }

    private Scope PassScope(Scope outer, ForStatement loop, object? item)
    {
        var scope = new Scope(outer);
        Unpack(scope, loop.Targets, item);
        return scope;
    }

    private void Unpack(Scope scope, IReadOnlyList<string> targets, object? value)
    {
        if (targets.Count == 1)
        {
            scope.Set(targets[0], value);
            return;
        }

        List<object?> values = Values.Items(value, _budget);
        if (values.Count != targets.Count)
        {
            throw new TemplateException($"{values.Count} values for {targets.Count} variables");
        }

        for (int i = 0; i < targets.Count; i++)
        {
            scope.Set(targets[i], values[i]);
        }
    }

    private void Assign(Statement statement)
    {
        switch (statement)
        {
            case SetStatement set:
                Unpack(_evaluator.Scope, set.Targets, _evaluator.Evaluate(set.Value));
                break;
            case SetMemberStatement set:
                object? value = _evaluator.Evaluate(set.Value);
                bool isNamespace = _evaluator.Scope.TryGet(set.Target, out object? target) && target is TemplateNamespace;
                ((isNamespace ? target as TemplateNamespace : null) ?? throw new TemplateException($"'{set.Target}' is not a namespace"))
                    .Members[set.Member] = value;
                break;
            case SetBlockStatement set:
                _evaluator.Scope.Set(set.Target, Capture(set.Body));
                break;
            default:
                throw new InvalidOperationException($"no way to run {statement.GetType().Name}");
        }
    }

    private MarkedString Capture(IReadOnlyList<Statement> body)
    {
        MarkedStringBuilder outer = _output;
        _output = new MarkedStringBuilder();
        RunAll(body);
        MarkedString text = _output.ToMarked();
        _output = outer;
        return text;
    }

    private MarkedString CallMacro(Macro macro, CallArguments arguments)
    {
        if (++_macroDepth > DeepestMacros)
        {
            throw new TemplateException($"macros call each other more than {DeepestMacros} deep");
        }

        MacroStatement definition = macro.Definition;
        List<object?> positional = arguments.Positional.Select(_evaluator.Evaluate).ToList();
        Dictionary<string, object?> named = [];
        foreach ((string id, Expression value) in arguments.Named)
        {
            named[id] = _evaluator.Evaluate(value);
        }

        string? unknown = named.Keys.FirstOrDefault(id => !definition.Parameters.Skip(positional.Count).Any(p => p.Id == id));
        if (positional.Count > definition.Parameters.Count || unknown is not null)
        {
            string given = unknown is null ? $"{positional.Count} arguments" : $"argument '{unknown}'";
            throw new TemplateException($"macro '{definition.Id}' does not take {given}");
        }

        Scope caller = _evaluator.Scope;
        _evaluator.Scope = new Scope(macro.Scope);
        for (int i = 0; i < definition.Parameters.Count; i++)
        {
            (string id, Expression? otherwise) = definition.Parameters[i];
            object? value = i < positional.Count ? positional[i]
                : named.TryGetValue(id, out object? given) ? given
                : otherwise is not null ? _evaluator.Evaluate(otherwise)
                : new Undefined($"'{id}'");
            _evaluator.Scope.Set(id, value);
        }

        MarkedString text = Capture(definition.Body);
        _evaluator.Scope = caller;
        _macroDepth--;
        return text;
    }
}
