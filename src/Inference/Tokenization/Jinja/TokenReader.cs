namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>The parser's place in the tokens, and what it has learned about the whole template.</summary>
internal sealed class TokenReader
{
    private const int DeepestNesting = 120;
    private readonly List<TemplateToken> _tokens;
    private readonly List<(string Id, int Line)> _calls = [];
    private readonly HashSet<string> _macros = new(StringComparer.Ordinal);
    private int _at;
    private int _depth;

    public TokenReader(List<TemplateToken> tokens)
    {
        _tokens = tokens;
    }

    public TemplateToken Current => _tokens[_at];

    public TemplateToken Next => _tokens[Math.Min(_at + 1, _tokens.Count - 1)];

    public int Line => Current.Line;

    public TemplateToken Take()
    {
        TemplateToken token = Current;
        _at = Math.Min(_at + 1, _tokens.Count - 1);
        return token;
    }

    public bool TryTake(TokenKind kind, string text)
    {
        bool taken = Current.Is(kind, text);
        if (taken)
        {
            Take();
        }

        return taken;
    }

    public bool TryOperator(string text) => TryTake(TokenKind.Operator, text);

    public bool TryKeyword(string text) => TryTake(TokenKind.Name, text);

    public TemplateToken Expect(TokenKind kind, string what) =>
        Current.Kind == kind ? Take() : throw Fault($"expected {what}, found {Current.Shown}");

    public void ExpectOperator(string text)
    {
        if (!TryOperator(text))
        {
            throw Fault($"expected '{text}', found {Current.Shown}");
        }
    }

    public TemplateException Fault(string message) => new(message, Line);

    /// <summary>Runs one level of a recursive rule: a hostile template cannot nest without end.</summary>
    public T Nested<T>(Func<T> rule)
    {
        if (++_depth > DeepestNesting)
        {
            throw Fault($"nested more than {DeepestNesting} deep");
        }

        T result = rule();
        _depth--;
        return result;
    }

    public void NoteMacro(string id) => _macros.Add(id);

    public void NoteCall(string id, int line) => _calls.Add((id, line));

    /// <summary>Once all is read: every function called must be known, or a macro of this template.</summary>
    public void CheckCalls()
    {
        foreach ((string id, int line) in _calls)
        {
            if (!_macros.Contains(id) && !Functions.All.ContainsKey(id))
            {
                throw new TemplateException($"unsupported function '{id}'", line);
            }
        }
    }
}
