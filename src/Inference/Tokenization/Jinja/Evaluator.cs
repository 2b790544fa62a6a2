using System.Runtime.CompilerServices;

namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>Evaluates expressions in the scope of the moment.</summary>
internal sealed class Evaluator
{
    private readonly Func<Macro, CallArguments, object?> _callMacro;

    public Evaluator(RenderBudget budget, TimeProvider time, Func<Macro, CallArguments, object?> callMacro)
    {
        Budget = budget;
        Time = time;
        _callMacro = callMacro;
    }

    public RenderBudget Budget { get; }

    public TimeProvider Time { get; }

    /// <summary>Where names are looked up.</summary>
    public required Scope Scope { get; set; }

    /// <summary>Line of what is being evaluated, for error messages.</summary>
    public int Line { get; set; }

    public object? Evaluate(Expression expression)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        Budget.Step();
        Line = expression.Line;
        switch (expression)
        {
            case Literal literal:
                return literal.Value;
            case Name name:
                return Lookup(name.Id);
            case ListLiteral list:
                return list.Items.Select(Evaluate).ToList();
            case DictionaryLiteral dictionary:
                return Dictionary(dictionary);
            case Member member:
                return Accessors.Member(Evaluate(member.Target), member.Id);
            case Item item:
                return Accessors.Item(Evaluate(item.Target), Evaluate(item.Index), Budget);
            case Slice slice:
                return Accessors.Slice(Evaluate(slice.Target), Optional(slice.Start), Optional(slice.Stop), Optional(slice.Step), Budget);
            case Not not:
                return !IsTrue(not.Operand);
            case Sign sign:
                return Operators.Signed(Evaluate(sign.Operand), sign.Negative);
            case Logical logical:
                object? left = Evaluate(logical.Left);
                return Values.IsTrue(left) == logical.IsAnd ? Evaluate(logical.Right) : left;
            case Binary binary:
                return Operators.Apply(binary.Operator, Evaluate(binary.Left), Evaluate(binary.Right), Budget);
            case Comparison comparison:
                return Compare(comparison);
            case Conditional conditional:
                return EvaluateConditional(conditional);
            default:
                return Call(expression);
        }
    }

    public bool IsTrue(Expression expression) => Values.IsTrue(Evaluate(expression));

    private object? Optional(Expression? expression) => expression is null ? null : Evaluate(expression);

    private object? Lookup(string name)
    {
        if (Scope.TryGet(name, out object? value))
        {
            return value;
        }

        return Functions.All.TryGetValue(name, out Builtin? function) ? function : new Undefined($"'{name}'");
    }

    private TemplateDictionary Dictionary(DictionaryLiteral literal)
    {
        var dictionary = new TemplateDictionary();
        foreach ((Expression key, Expression value) in literal.Entries)
        {
            dictionary.Set(
                Evaluate(key) as MarkedString ?? throw new TemplateException("a dictionary key is not a string"),
                Evaluate(value));
        }

        return dictionary;
    }

    private bool Compare(Comparison comparison)
    {
        object? left = Evaluate(comparison.First);
        foreach ((string op, Expression operand) in comparison.Links)
        {
            object? right = Evaluate(operand);
            if (!Operators.Holds(op, left, right, Budget))
            {
                return false;
            }

            left = right;
        }

        return true;
    }

    private object? EvaluateConditional(Conditional conditional)
    {
        if (IsTrue(conditional.Condition))
        {
            return Evaluate(conditional.Then);
        }

        return conditional.Else is null ? new Undefined("an 'if' without 'else'") : Evaluate(conditional.Else);
    }

    private object? Call(Expression expression)
    {
        switch (expression)
        {
            case FilterCall call:
                return Named($"filter '{call.Id}'", () => call.Filter.Call(this, Evaluate(call.Target), call.Arguments));
            case TestCall call:
                return Named($"test '{call.Id}'", () => call.Test.Call(this, Evaluate(call.Target), call.Arguments));
            case MethodCall call:
                return Named($"method '{call.Id}'", () => call.Method.Call(this, Evaluate(call.Target), call.Arguments));
            case FunctionCall call:
                object? called = Lookup(call.Id);
                return called switch
                {
                    Macro macro => _callMacro(macro, call.Arguments),
                    Builtin function => function.Call(this, null, call.Arguments),
                    _ => throw new TemplateException($"'{call.Id}' is {Values.TypeName(called)}, not a function"),
                };
            default:
                throw new InvalidOperationException($"no evaluation for {expression.GetType().Name}");
        }
    }

    // Says which filter, test or method a fault arose in; the innermost one that knows has said so already.
    private object? Named(string what, Func<object?> call)
    {
        int line = Line;
        try
        {
            return call();
        }
        catch (TemplateException e) when (e.Line is null)
        {
            throw new TemplateException($"{what}: {e.Message}", line);
        }
    }
}
