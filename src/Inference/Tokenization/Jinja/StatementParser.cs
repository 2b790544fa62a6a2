namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>Parses a template into statements; a tag it does not know is an error that names it.</summary>
internal sealed class StatementParser
{
    private readonly TokenReader _reader;
    private readonly ExpressionParser _expressions;
    private int _loops;

    private StatementParser(TokenReader reader)
    {
        _reader = reader;
        _expressions = new ExpressionParser(reader);
    }

    /// <summary>The statements of a whole template. Throws <see cref="TemplateException"/>.</summary>
    public static IReadOnlyList<Statement> Parse(string source)
    {
        var reader = new TokenReader(Lexer.Read(source));
        List<Statement> statements = new StatementParser(reader).ParseUntil();
        if (reader.Current.Kind != TokenKind.End)
        {
            throw reader.Fault($"unexpected tag '{reader.Next.Text}'");
        }

        reader.CheckCalls();
        return statements;
    }

    // Stops before a tag with one of the names (its "{%" is the current token), or at the end.
    private List<Statement> ParseUntil(params string[] endTags)
    {
        List<Statement> statements = [];
        while (true)
        {
            TemplateToken token = _reader.Current;
            switch (token.Kind)
            {
                case TokenKind.Data:
                    statements.Add(new TextStatement(_reader.Take().Text, token.Line));
                    break;
                case TokenKind.OutputBegin:
                    _reader.Take();
                    statements.Add(new OutputStatement(_expressions.Parse(), token.Line));
                    _reader.Expect(TokenKind.OutputEnd, "'}}'");
                    break;
                case TokenKind.BlockBegin when !endTags.Contains(_reader.Next.Text) && !IsStrayEnd(_reader.Next):
                    statements.Add(_reader.Nested(ParseTag));
                    break;
                default:
                    return statements;
            }
        }
    }

    private static bool IsStrayEnd(TemplateToken token) =>
        token.Kind == TokenKind.Name && (token.Text.StartsWith("end", StringComparison.Ordinal) || token.Text is "else" or "elif");

    private Statement ParseTag()
    {
        _reader.Take();
        TemplateToken tag = _reader.Expect(TokenKind.Name, "a tag's name");
        switch (tag.Text)
        {
            case "if":
                return ParseIf(tag.Line);
            case "for":
                return ParseFor(tag.Line);
            case "set":
                return ParseSet(tag.Line);
            case "macro":
                return ParseMacro(tag.Line);
            case "generation":
                EndBlock();
                return new GroupStatement(ParseBody("endgeneration"), tag.Line);
            case "break" or "continue" when _loops > 0:
                EndBlock();
                return new LoopControlStatement(tag.Text == "break", tag.Line);
            default:
                throw new TemplateException($"unsupported tag '{tag.Text}'", tag.Line);
        }
    }

    private IfStatement ParseIf(int line)
    {
        List<(Expression, IReadOnlyList<Statement>)> branches = [];
        do
        {
            Expression condition = _expressions.Parse();
            EndBlock();
            branches.Add((condition, ParseUntil("elif", "else", "endif")));
        }
        while (TryTag("elif"));

        List<Statement> otherwise = [];
        if (TryTag("else"))
        {
            EndBlock();
            otherwise = ParseUntil("endif");
        }

        EndTag("endif");
        return new IfStatement(branches, otherwise, line);
    }

    private ForStatement ParseFor(int line)
    {
        List<string> targets = ParseTargets();
        if (!_reader.TryKeyword("in"))
        {
            throw _reader.Fault($"expected 'in', found {_reader.Current.Shown}");
        }

        Expression items = _expressions.ParseWithoutCondition();
        Expression? condition = _reader.TryKeyword("if") ? _expressions.Parse() : null;
        if (_reader.Current.Is(TokenKind.Name, "recursive"))
        {
            throw _reader.Fault("unsupported 'recursive' loop");
        }

        EndBlock();
        _loops++;
        List<Statement> body = ParseUntil("else", "endfor");
        _loops--;
        List<Statement> otherwise = [];
        if (TryTag("else"))
        {
            EndBlock();
            otherwise = ParseUntil("endfor");
        }

        EndTag("endfor");
        return new ForStatement(targets, items, condition, body, otherwise, line);
    }

    private Statement ParseSet(int line)
    {
        if (_reader.Current.Kind == TokenKind.Name && _reader.Next.Is(TokenKind.Operator, "."))
        {
            string target = _reader.Take().Text;
            _reader.Take();
            string member = _reader.Expect(TokenKind.Name, "a member's name").Text;
            _reader.ExpectOperator("=");
            var set = new SetMemberStatement(target, member, _expressions.Parse(), line);
            EndBlock();
            return set;
        }

        List<string> targets = ParseTargets();
        if (_reader.TryOperator("="))
        {
            Expression value = ParseMaybeTuple();
            EndBlock();
            return new SetStatement(targets, value, line);
        }

        if (targets.Count > 1 || _reader.Current.Kind != TokenKind.BlockEnd)
        {
            throw _reader.Fault($"unsupported 'set': expected '=' or the end of the tag, found {_reader.Current.Shown}");
        }

        EndBlock();
        return new SetBlockStatement(targets[0], ParseBody("endset"), line);
    }

    private MacroStatement ParseMacro(int line)
    {
        string id = _reader.Expect(TokenKind.Name, "a macro's name").Text;
        List<(string, Expression?)> parameters = [];
        _reader.ExpectOperator("(");
        while (!_reader.TryOperator(")"))
        {
            if (parameters.Count > 0)
            {
                _reader.ExpectOperator(",");
            }

            string parameter = _reader.Expect(TokenKind.Name, "a parameter's name").Text;
            parameters.Add((parameter, _reader.TryOperator("=") ? _expressions.Parse() : null));
        }

        EndBlock();
        _reader.NoteMacro(id);
        int loops = _loops;
        _loops = 0;
        List<Statement> body = ParseBody("endmacro");
        _loops = loops;
        return new MacroStatement(id, parameters, body, line);
    }

    private List<Statement> ParseBody(string endTag)
    {
        List<Statement> body = ParseUntil(endTag);
        EndTag(endTag);
        return body;
    }

    private List<string> ParseTargets()
    {
        bool parenthesis = _reader.TryOperator("(");
        List<string> targets = [];
        do
        {
            targets.Add(_reader.Expect(TokenKind.Name, "a variable's name").Text);
        }
        while (_reader.TryOperator(","));

        if (parenthesis)
        {
            _reader.ExpectOperator(")");
        }

        return targets;
    }

    private Expression ParseMaybeTuple()
    {
        Expression first = _expressions.Parse();
        if (!_reader.Current.Is(TokenKind.Operator, ","))
        {
            return first;
        }

        List<Expression> items = [first];
        while (_reader.TryOperator(",") && _reader.Current.Kind != TokenKind.BlockEnd)
        {
            items.Add(_expressions.Parse());
        }

        return new ListLiteral(items, first.Line);
    }

    private bool TryTag(string name)
    {
        if (_reader.Current.Kind != TokenKind.BlockBegin || !_reader.Next.Is(TokenKind.Name, name))
        {
            return false;
        }

        _reader.Take();
        _reader.Take();
        return true;
    }

    private void EndTag(string name)
    {
        if (!TryTag(name))
        {
            string found = _reader.Current.Kind == TokenKind.BlockBegin ? $"tag '{_reader.Next.Text}'" : _reader.Current.Shown;
            throw _reader.Fault($"expected tag '{name}', found {found}");
        }

        EndBlock();
    }

    private void EndBlock() => _reader.Expect(TokenKind.BlockEnd, "'%}'");
}
