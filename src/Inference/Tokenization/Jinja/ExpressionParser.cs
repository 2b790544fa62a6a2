using System.Globalization;

namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>
/// Parses expressions with Jinja's precedence: conditional, or, and, not, comparison, + -, ~, * / // %, sign, then filters and tests, which
/// bind tightest of all.
/// </summary>
internal sealed class ExpressionParser
{
    private static readonly string[] _comparisons = ["==", "!=", "<", "<=", ">", ">="];
    private readonly TokenReader _reader;
    private readonly PostfixParser _postfix;

    public ExpressionParser(TokenReader reader)
    {
        _reader = reader;
        _postfix = new PostfixParser(reader, this);
    }

    public Expression Parse() => _reader.Nested(ParseConditional);

    /// <summary>An expression that does not take a following "if" with it: that of a for loop belongs to the loop.</summary>
    public Expression ParseWithoutCondition() => _reader.Nested(ParseOr);

    /// <summary>One operand with what follows it, but no filters or tests: the argument of a test without parentheses.</summary>
    public Expression ParseTestOperand() => _reader.Nested(() => _postfix.Parse(ParsePrimary(), filters: false));

    private Expression ParseConditional()
    {
        Expression value = ParseOr();
        while (_reader.TryKeyword("if"))
        {
            Expression condition = ParseOr();
            Expression? otherwise = _reader.TryKeyword("else") ? Parse() : null;
            value = new Conditional(condition, value, otherwise, value.Line);
        }

        return value;
    }

    private Expression ParseOr()
    {
        Expression left = ParseAnd();
        while (_reader.TryKeyword("or"))
        {
            left = new Logical(IsAnd: false, left, ParseAnd(), left.Line);
        }

        return left;
    }

    private Expression ParseAnd()
    {
        Expression left = ParseNot();
        while (_reader.TryKeyword("and"))
        {
            left = new Logical(IsAnd: true, left, ParseNot(), left.Line);
        }

        return left;
    }

    private Expression ParseNot()
    {
        int line = _reader.Line;
        return _reader.TryKeyword("not") ? new Not(_reader.Nested(ParseNot), line) : ParseComparison();
    }

    private Expression ParseComparison()
    {
        Expression first = ParseSum();
        List<(string, Expression)> links = [];
        while (true)
        {
            TemplateToken token = _reader.Current;
            if (token.Kind == TokenKind.Operator && _comparisons.Contains(token.Text))
            {
                _reader.Take();
                links.Add((token.Text, ParseSum()));
            }
            else if (_reader.TryKeyword("in"))
            {
                links.Add(("in", ParseSum()));
            }
            else if (token.Is(TokenKind.Name, "not") && _reader.Next.Is(TokenKind.Name, "in"))
            {
                _reader.Take();
                _reader.Take();
                links.Add(("not in", ParseSum()));
            }
            else
            {
                return links.Count == 0 ? first : new Comparison(first, links, first.Line);
            }
        }
    }

    private Expression ParseSum() => ParseBinary(ParseConcatenation, "+", "-");

    private Expression ParseConcatenation() => ParseBinary(ParseProduct, "~");

    private Expression ParseProduct() => ParseBinary(ParseSigned, "*", "/", "//", "%");

    private Expression ParseBinary(Func<Expression> operand, params string[] operators)
    {
        Expression left = operand();
        while (_reader.Current.Kind == TokenKind.Operator && operators.Contains(_reader.Current.Text))
        {
            TemplateToken token = _reader.Take();
            if (token.Text == "%" && left is Literal { Value: MarkedString })
            {
                throw new TemplateException("unsupported string formatting with '%'", token.Line);
            }

            left = new Binary(token.Text, left, operand(), left.Line);
        }

        return _reader.Current.Is(TokenKind.Operator, "**") ? throw _reader.Fault("unsupported operator '**'") : left;
    }

    private Expression ParseSigned() => ParseSigned(filters: true);

    private Expression ParseSigned(bool filters)
    {
        TemplateToken token = _reader.Current;
        if (!token.Is(TokenKind.Operator, "-") && !token.Is(TokenKind.Operator, "+"))
        {
            return _postfix.Parse(ParsePrimary(), filters);
        }

        _reader.Take();
        Expression operand = _reader.Nested(() => ParseSigned(filters: false));
        var signed = new Sign(operand, token.Text == "-", token.Line);
        return filters ? _postfix.ParseFilters(signed) : signed;
    }

    private Expression ParsePrimary()
    {
        TemplateToken token = _reader.Take();
        switch (token.Kind)
        {
            case TokenKind.Name:
                return ParseName(token);
            case TokenKind.String:
                string text = token.Text;
                while (_reader.Current.Kind == TokenKind.String)
                {
                    text += _reader.Take().Text;
                }

                return new Literal((MarkedString)text, token.Line);
            case TokenKind.Integer:
                return long.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
                    ? new Literal(number, token.Line)
                    : throw new TemplateException($"unsupported number '{token.Text}'", token.Line);
            case TokenKind.Float:
                return new Literal(double.Parse(token.Text, NumberStyles.Float, CultureInfo.InvariantCulture), token.Line);
            case TokenKind.Operator when token.Text is "(" or "[":
                return _reader.Nested(() => ParseList(token));
            case TokenKind.Operator when token.Text == "{":
                return _reader.Nested(() => ParseDictionary(token.Line));
            default:
                throw new TemplateException($"expected an expression, found {token.Shown}", token.Line);
        }
    }

    private static Expression ParseName(TemplateToken token) => token.Text switch
    {
        "true" or "True" => new Literal(true, token.Line),
        "false" or "False" => new Literal(false, token.Line),
        "none" or "None" => new Literal(null, token.Line),
        "caller" or "varargs" or "kwargs" or "self" or "super" =>
            throw new TemplateException($"unsupported variable '{token.Text}'", token.Line),
        "and" or "or" or "not" or "in" or "is" or "if" or "else" =>
            throw new TemplateException($"expected an expression, found '{token.Text}'", token.Line),
        _ => new Name(token.Text, token.Line),
    };

    // Parentheses around one expression only group; with a comma, or nothing, inside they are a tuple, which is kept as a list.
    private Expression ParseList(TemplateToken open)
    {
        string close = open.Text == "(" ? ")" : "]";
        List<Expression> items = [];
        bool comma = false;
        while (!_reader.TryOperator(close))
        {
            if (items.Count > 0)
            {
                _reader.ExpectOperator(",");
                comma = true;
                if (_reader.TryOperator(close))
                {
                    break;
                }
            }

            items.Add(Parse());
        }

        return open.Text == "(" && items.Count == 1 && !comma ? items[0] : new ListLiteral(items, open.Line);
    }

    private DictionaryLiteral ParseDictionary(int line)
    {
        List<(Expression, Expression)> entries = [];
        while (!_reader.TryOperator("}"))
        {
            if (entries.Count > 0)
            {
                _reader.ExpectOperator(",");
                if (_reader.TryOperator("}"))
                {
                    break;
                }
            }

            Expression key = Parse();
            if (key is Literal { Value: not MarkedString })
            {
                throw new TemplateException("unsupported dictionary key: only strings are", key.Line);
            }

            _reader.ExpectOperator(":");
            entries.Add((key, Parse()));
        }

        return new DictionaryLiteral(entries, line);
    }
}
