namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>
/// A filter, test, method or function: the parameters it takes (a name that ends in '?' is optional) and what it does. Arguments are
/// checked when a template is loaded.
/// </summary>
internal sealed class Builtin
{
    private readonly string[] _parameters;
    private readonly int _required;
    private readonly Func<BuiltinCall, object?> _body;

    public Builtin(Func<BuiltinCall, object?> body, params string[] parameters)
    {
        _body = body;
        _parameters = parameters.Select(p => p.TrimEnd('?')).ToArray();
        _required = parameters.Count(p => !p.EndsWith('?'));
    }

    /// <summary>Takes any arguments.</summary>
    public bool IsVariadic { get; init; }

    /// <summary>Throws <see cref="TemplateException"/> where the arguments do not fit the parameters.</summary>
    public void Check(string what, CallArguments arguments, int line)
    {
        if (IsVariadic)
        {
            return;
        }

        foreach ((string id, _) in arguments.Named)
        {
            int place = Array.IndexOf(_parameters, id);
            if (place < 0 || place < arguments.Positional.Count)
            {
                throw new TemplateException($"unsupported argument '{id}' of {what}", line);
            }
        }

        bool requiredGiven = _parameters.Take(_required).Skip(arguments.Positional.Count).All(p => arguments.Named.Any(n => n.Id == p));
        if (arguments.Positional.Count > _parameters.Length || !requiredGiven)
        {
            throw new TemplateException($"{what} does not take {arguments.Positional.Count + arguments.Named.Count} arguments so", line);
        }
    }

    /// <summary>Evaluates the arguments and runs.</summary>
    public object? Call(Evaluator evaluator, object? subject, CallArguments arguments)
    {
        List<object?> positional = arguments.Positional.Select(evaluator.Evaluate).ToList();
        List<(string, object?)> named = arguments.Named.Select(n => (n.Id, evaluator.Evaluate(n.Value))).ToList();
        return Call(evaluator, subject, positional, named);
    }

    /// <summary>Runs with arguments that are there already.</summary>
    public object? Call(
        Evaluator evaluator, object? subject, IReadOnlyList<object?> positional, IReadOnlyList<(string Id, object? Value)> named) =>
        _body(new BuiltinCall(evaluator, subject, _parameters, positional, named));
}
