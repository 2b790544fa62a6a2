namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>
/// Cuts a template into tokens by Jinja's rules with trim_blocks and lstrip_blocks on, as chat templates are rendered: the newline after a
/// block tag is dropped, and so is white space between the start of a line and a block tag; '-' strips all white space, '+' none.
/// </summary>
internal sealed class Lexer
{
    // Longer ones first.
    private static readonly string[] _operators =
    [
        "**", "//", "==", "!=", ">=", "<=",
        "+", "-", "*", "/", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";",
    ];

    private readonly string _source;
    private readonly List<TemplateToken> _tokens = [];
    private int _at;
    private int _line = 1;
    private int _lineCountedTo;
    private bool _lineStarting = true;

    private Lexer(string source)
    {
        _source = source;
    }

    /// <summary>The tokens of a template, with an <see cref="TokenKind.End"/>. Throws <see cref="TemplateException"/>.</summary>
    public static List<TemplateToken> Read(string source)
    {
        string text = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        var lexer = new Lexer(text.EndsWith('\n') ? text[..^1] : text);
        lexer.ReadAll();
        return lexer._tokens;
    }

    private void ReadAll()
    {
        while (_at < _source.Length)
        {
            int tag = NextTag();
            if (tag < 0)
            {
                Add(TokenKind.Data, _source[_at..]);
                _at = _source.Length;
                break;
            }

            char kind = _source[tag + 1];
            char sign = tag + 2 < _source.Length ? _source[tag + 2] : '\0';
            AddData(_source[_at..tag], kind, sign);
            _at = tag + (sign is '-' or '+' ? 3 : 2);
            if (kind == '#')
            {
                SkipComment();
            }
            else
            {
                ReadTag(block: kind == '%');
            }
        }

        Add(TokenKind.End, "");
    }

    private int NextTag()
    {
        for (int at = _source.IndexOf('{', _at); at >= 0 && at + 1 < _source.Length; at = _source.IndexOf('{', at + 1))
        {
            if (_source[at + 1] is '%' or '{' or '#')
            {
                return at;
            }
        }

        return -1;
    }

    private void AddData(string text, char kind, char sign)
    {
        if (sign == '-')
        {
            text = text.TrimEnd();
        }
        else if (sign != '+' && kind != '{')
        {
            int lineStart = text.LastIndexOf('\n') + 1;
            if ((lineStart > 0 || _lineStarting) && string.IsNullOrWhiteSpace(text[lineStart..]))
            {
                text = text[..lineStart];
            }
        }

        if (text.Length > 0)
        {
            Add(TokenKind.Data, text);
        }
    }

    private void SkipComment()
    {
        int end = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0)
        {
            throw Fault("a comment is not closed");
        }

        char sign = end > _at ? _source[end - 1] : '\0';
        _at = end + 2;
        EndTag(sign, dropsNewline: true);
    }

    private void EndTag(char sign, bool dropsNewline)
    {
        if (sign == '-')
        {
            while (_at < _source.Length && char.IsWhiteSpace(_source[_at]))
            {
                _at++;
            }
        }
        else if (sign != '+' && dropsNewline && _at < _source.Length && _source[_at] == '\n')
        {
            _at++;
        }

        _lineStarting = _source[_at - 1] == '\n';
    }

    private void ReadTag(bool block)
    {
        Add(block ? TokenKind.BlockBegin : TokenKind.OutputBegin, block ? "{%" : "{{");
        int depth = 0;
        while (true)
        {
            while (_at < _source.Length && char.IsWhiteSpace(_source[_at]))
            {
                _at++;
            }

            if (_at >= _source.Length)
            {
                throw Fault($"'{(block ? "{%" : "{{")}' is not closed");
            }

            if (depth == 0 && TryEndTag(block))
            {
                return;
            }

            ReadToken();
            TemplateToken last = _tokens[^1];
            depth += last.Kind != TokenKind.Operator ? 0 : last.Text is "(" or "[" or "{" ? 1 : last.Text is ")" or "]" or "}" ? -1 : 0;
            if (depth < 0)
            {
                throw Fault($"unexpected '{last.Text}'");
            }
        }
    }

    private bool TryEndTag(bool block)
    {
        string end = block ? "%}" : "}}";
        char sign = _source[_at] == '-' || (block && _source[_at] == '+') ? _source[_at] : '\0';
        int at = sign == '\0' ? _at : _at + 1;
        if (string.CompareOrdinal(_source, at, end, 0, 2) != 0)
        {
            return false;
        }

        Add(block ? TokenKind.BlockEnd : TokenKind.OutputEnd, end);
        _at = at + 2;
        EndTag(sign, dropsNewline: block);
        return true;
    }

    private void ReadToken()
    {
        char c = _source[_at];
        if (c is '\'' or '"')
        {
            int line = CurrentLine();
            (string text, _at) = StringLiteral.Read(_source, _at, line);
            _tokens.Add(new TemplateToken(TokenKind.String, text, line));
        }
        else if (char.IsAsciiDigit(c))
        {
            ReadNumber();
        }
        else if (char.IsLetter(c) || c == '_')
        {
            int end = _at;
            while (end < _source.Length && (char.IsLetterOrDigit(_source[end]) || _source[end] == '_'))
            {
                end++;
            }

            Add(TokenKind.Name, _source[_at..end]);
            _at = end;
        }
        else
        {
            string? found = _operators.FirstOrDefault(o => string.CompareOrdinal(_source, _at, o, 0, o.Length) == 0);
            Add(TokenKind.Operator, found ?? throw Fault($"unexpected character '{c}'"));
            _at += found.Length;
        }
    }

    private void ReadNumber()
    {
        int end = Digits(_at);
        bool afterDot = _tokens[^1].Is(TokenKind.Operator, ".");
        bool isFloat = false;
        if (!afterDot && end + 1 < _source.Length && _source[end] == '.' && char.IsAsciiDigit(_source[end + 1]))
        {
            end = Digits(end + 1);
            isFloat = true;
        }

        if (!afterDot && end < _source.Length && _source[end] is 'e' or 'E')
        {
            int exponent = end + 1 < _source.Length && _source[end + 1] is '+' or '-' ? end + 2 : end + 1;
            if (Digits(exponent) > exponent)
            {
                end = Digits(exponent);
                isFloat = true;
            }
        }

        if (end < _source.Length && (char.IsLetterOrDigit(_source[end]) || _source[end] == '_'))
        {
            throw Fault($"unsupported number '{_source[_at..(end + 1)]}'");
        }

        Add(isFloat ? TokenKind.Float : TokenKind.Integer, _source[_at..end]);
        _at = end;
    }

    private int Digits(int at)
    {
        while (at < _source.Length && char.IsAsciiDigit(_source[at]))
        {
            at++;
        }

        return at;
    }

    private void Add(TokenKind kind, string text) => _tokens.Add(new TemplateToken(kind, text, CurrentLine()));

    private int CurrentLine()
    {
        _line += _source.AsSpan(_lineCountedTo, _at - _lineCountedTo).Count('\n');
        _lineCountedTo = _at;
        return _line;
    }

    private TemplateException Fault(string message) => new(message, CurrentLine());
}
