namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>One call of a <see cref="Builtin"/>: what it is applied to, and its arguments by place or name.</summary>
internal sealed class BuiltinCall(
    Evaluator evaluator,
    object? subject,
    string[] parameters,
    IReadOnlyList<object?> positional,
    IReadOnlyList<(string Id, object? Value)> named)
{
    public Evaluator Evaluator => evaluator;

    public RenderBudget Budget => evaluator.Budget;

    public object? Subject => subject;

    public IReadOnlyList<object?> Positional => positional;

    public IReadOnlyList<(string Id, object? Value)> Named => named;

    /// <summary>The subject as a string, or an error.</summary>
    public MarkedString Text => subject as MarkedString ?? throw new TemplateException($"needs a string, not {Values.TypeName(subject)}");

    /// <summary>The argument of a parameter.</summary>
    public object? Argument(int place, object? otherwise = null)
    {
        if (place < positional.Count)
        {
            return positional[place];
        }

        foreach ((string id, object? value) in named)
        {
            if (place < parameters.Length && parameters[place] == id)
            {
                return value;
            }
        }

        return otherwise;
    }

    public MarkedString TextArgument(int place) => Argument(place) as MarkedString
        ?? throw new TemplateException($"needs a string as argument {place + 1}, not {Values.TypeName(Argument(place))}");

    public MarkedString? OptionalText(int place) => Argument(place) is null ? null : TextArgument(place);

    public long Integer(int place, long otherwise) => Argument(place, otherwise) is long number
        ? number
        : throw new TemplateException($"needs an integer as argument {place + 1}, not {Values.TypeName(Argument(place))}");
}
