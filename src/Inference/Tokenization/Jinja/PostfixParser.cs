namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>
/// Parses what follows an operand: members, subscripts, calls, filters and tests. Each name is looked up here, so that a template that
/// needs
/// something missing is refused when it is loaded.
/// </summary>
internal sealed class PostfixParser
{
    private readonly TokenReader _reader;
    private readonly ExpressionParser _expressions;

    public PostfixParser(TokenReader reader, ExpressionParser expressions)
    {
        _reader = reader;
        _expressions = expressions;
    }

    /// <summary>Members, subscripts and calls, then filters and tests unless told otherwise.</summary>
    public Expression Parse(Expression target, bool filters)
    {
        while (true)
        {
            int line = _reader.Line;
            if (_reader.TryOperator("."))
            {
                target = ParseMember(target, line);
            }
            else if (_reader.TryOperator("["))
            {
                target = ParseSubscript(target, line);
            }
            else if (_reader.TryOperator("("))
            {
                target = ParseFunctionCall(target, line);
            }
            else
            {
                return filters ? ParseFilters(target) : target;
            }
        }
    }

    /// <summary>Filters and tests.</summary>
    public Expression ParseFilters(Expression target)
    {
        while (true)
        {
            int line = _reader.Line;
            if (_reader.TryOperator("|"))
            {
                target = ParseFilter(target, line);
            }
            else if (_reader.TryKeyword("is"))
            {
                target = ParseTest(target, line);
            }
            else
            {
                return target;
            }
        }
    }

    private Expression ParseMember(Expression target, int line)
    {
        if (_reader.Current.Kind == TokenKind.Integer)
        {
            string digits = _reader.Take().Text;
            return int.TryParse(digits, out int index)
                ? new Item(target, new Literal((long)index, line), line)
                : throw new TemplateException($"unsupported index '{digits}'", line);
        }

        string id = _reader.Expect(TokenKind.Name, "a member's name").Text;
        if (_reader.TryOperator("("))
        {
            if (!Methods.All.TryGetValue(id, out Builtin? method))
            {
                throw new TemplateException($"unsupported method '{id}'", line);
            }

            CallArguments arguments = ParseArguments();
            method.Check($"method '{id}'", arguments, line);
            return new MethodCall(target, id, method, arguments, line);
        }

        return target is Name { Id: "loop" } && !LoopState.Members.Contains(id)
            ? throw new TemplateException($"unsupported loop member '{id}'", line)
            : new Member(target, id, line);
    }

    private Expression ParseSubscript(Expression target, int line)
    {
        Expression? start = _reader.Current.Is(TokenKind.Operator, ":") ? null : _expressions.Parse();
        if (start is not null && _reader.TryOperator("]"))
        {
            return new Item(target, start, line);
        }

        _reader.ExpectOperator(":");
        Expression? stop = AtSlicesEnd() ? null : _expressions.Parse();
        Expression? step = _reader.TryOperator(":") && !AtSlicesEnd() ? _expressions.Parse() : null;
        _reader.ExpectOperator("]");
        return new Slice(target, start, stop, step, line);
    }

    private bool AtSlicesEnd() => _reader.Current.Is(TokenKind.Operator, ":") || _reader.Current.Is(TokenKind.Operator, "]");

    private FunctionCall ParseFunctionCall(Expression target, int line)
    {
        if (target is not Name name)
        {
            throw new TemplateException("unsupported call of an expression", line);
        }

        CallArguments arguments = ParseArguments();
        if (Functions.All.TryGetValue(name.Id, out Builtin? function))
        {
            function.Check($"function '{name.Id}'", arguments, line);
            Functions.CheckLiterals(name.Id, arguments, line);
        }

        _reader.NoteCall(name.Id, line);
        return new FunctionCall(name.Id, arguments, line);
    }

    private FilterCall ParseFilter(Expression target, int line)
    {
        string id = _reader.Expect(TokenKind.Name, "a filter's name").Text;
        if (!Filters.All.TryGetValue(id, out Builtin? filter))
        {
            throw new TemplateException($"unsupported filter '{id}'", line);
        }

        CallArguments arguments = _reader.TryOperator("(") ? ParseArguments() : CallArguments.None;
        filter.Check($"filter '{id}'", arguments, line);
        SelectionFilters.CheckLiterals(id, arguments, line);
        return new FilterCall(target, id, filter, arguments, line);
    }

    private Expression ParseTest(Expression target, int line)
    {
        bool negated = _reader.TryKeyword("not");
        string id = _reader.Expect(TokenKind.Name, "a test's name").Text;
        if (!Tests.All.TryGetValue(id, out Builtin? test))
        {
            throw new TemplateException($"unsupported test '{id}'", line);
        }

        CallArguments arguments = CallArguments.None;
        if (_reader.TryOperator("("))
        {
            arguments = ParseArguments();
        }
        else if (StartsOperand())
        {
            arguments = new CallArguments([_expressions.ParseTestOperand()], []);
        }

        test.Check($"test '{id}'", arguments, line);
        var call = new TestCall(target, id, test, arguments, line);
        return negated ? new Not(call, line) : call;
    }

    private bool StartsOperand() => _reader.Current.Kind switch
    {
        TokenKind.String or TokenKind.Integer or TokenKind.Float => true,
        TokenKind.Name => _reader.Current.Text is not ("else" or "or" or "and" or "is" or "if" or "in" or "not"),
        TokenKind.Operator => _reader.Current.Text is "[" or "{",
        _ => false,
    };

    private CallArguments ParseArguments()
    {
        List<Expression> positional = [];
        List<(string, Expression)> named = [];
        while (!_reader.TryOperator(")"))
        {
            if (positional.Count + named.Count > 0)
            {
                _reader.ExpectOperator(",");
                if (_reader.TryOperator(")"))
                {
                    break;
                }
            }

            if (_reader.Current.Kind == TokenKind.Operator && _reader.Current.Text is "*" or "**")
            {
                throw _reader.Fault($"unsupported argument '{_reader.Current.Text}'");
            }

            if (_reader.Current.Kind == TokenKind.Name && _reader.Next.Is(TokenKind.Operator, "="))
            {
                string id = _reader.Take().Text;
                _reader.Take();
                named.Add((id, _expressions.Parse()));
            }
            else if (named.Count > 0)
            {
                throw _reader.Fault("a positional argument follows a named one");
            }
            else
            {
                positional.Add(_expressions.Parse());
            }
        }

        return new CallArguments(positional, named);
    }
}
