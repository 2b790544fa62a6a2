using static KVCluster.Inference.Sampling.Constraints.GrammarBuilder;

namespace KVCluster.Inference.Sampling.Constraints;

/// <summary>
/// The rules of JSON (RFC 8259) as UTF-8. Blank space is at most a line break and its indentation, and numbers have a bounded number of
/// digits: else a small model may go on for ever without leaving the grammar.
/// </summary>
internal sealed class JsonRules
{
    private const int MaxIndentation = 20;
    private const int MaxDigits = 17;
    private readonly GrammarBuilder _grammar;

    public JsonRules(GrammarBuilder grammar)
    {
        _grammar = grammar;
        GrammarSymbol blank = Bytes(ByteSet.AnyOf(" \t"));
        Space = grammar.Optional(grammar.OneOf(
            Bytes(ByteSet.Of((byte)' ')),
            grammar.Sequence(Bytes(ByteSet.Of((byte)'\n')), grammar.Repeat(blank, 0, MaxIndentation))));
        Character = CharacterRule();
        String = grammar.Sequence(Quote, grammar.Repeat(Character, 0, null), Quote);
        Integer = IntegerRule();
        Number = NumberRule();
        Boolean = grammar.OneOf(grammar.Literal("true"), grammar.Literal("false"));
        Null = grammar.Literal("null");
        int value = grammar.NewRule();
        Value = Ref(value);
        Object = List('{', '}', grammar.Sequence(String, Separator(':'), Value));
        Array = List('[', ']', Value);
        foreach (GrammarSymbol kind in (ReadOnlySpan<GrammarSymbol>)[Object, Array, String, Number, Boolean, Null])
        {
            grammar.Add(value, kind);
        }
    }

    /// <summary>Blank space that is allowed between tokens, or none.</summary>
    public GrammarSymbol Space { get; }

    /// <summary>One character of a string, escapes included.</summary>
    public GrammarSymbol Character { get; }

    public GrammarSymbol String { get; }

    public GrammarSymbol Integer { get; }

    public GrammarSymbol Number { get; }

    public GrammarSymbol Boolean { get; }

    public GrammarSymbol Null { get; }

    public GrammarSymbol Object { get; }

    public GrammarSymbol Array { get; }

    /// <summary>Any value.</summary>
    public GrammarSymbol Value { get; }

    public static GrammarSymbol Quote => Bytes(ByteSet.Of((byte)'"'));

    /// <summary>A character between blanks: a comma, a colon.</summary>
    public GrammarSymbol Separator(char c) => _grammar.Sequence(Space, Bytes(ByteSet.Of((byte)c)), Space);

    /// <summary>An opening character, items with commas between, a closing one; how many items there may be.</summary>
    public GrammarSymbol List(char open, char close, GrammarSymbol item, int least = 0, int? most = null)
    {
        GrammarSymbol start = _grammar.Sequence(Bytes(ByteSet.Of((byte)open)), Space);
        GrammarSymbol end = _grammar.Sequence(Space, Bytes(ByteSet.Of((byte)close)));
        int rule = _grammar.NewRule();
        if (least == 0)
        {
            _grammar.Add(rule, start, Bytes(ByteSet.Of((byte)close)));
        }

        if (most is null or > 0)
        {
            GrammarSymbol more = _grammar.Repeat(_grammar.Sequence(Separator(','), item), Math.Max(0, least - 1), most - 1);
            _grammar.Add(rule, start, item, more, end);
        }

        return Ref(rule);
    }

    private GrammarSymbol CharacterRule()
    {
        GrammarSymbol tail = Bytes(ByteSet.Range(0x80, 0xBF));
        GrammarSymbol hex = Bytes(ByteSet.AnyOf("0123456789abcdefABCDEF"));
        GrammarSymbol notSurrogate = _grammar.OneOf(
            _grammar.Sequence(Bytes(ByteSet.AnyOf("0123456789abcefABCEF")), _grammar.Repeat(hex, 3, 3)),
            _grammar.Sequence(Bytes(ByteSet.AnyOf("dD")), Bytes(ByteSet.AnyOf("01234567")), hex, hex));
        return _grammar.OneOf(
            Bytes(ByteSet.Range(0x20, 0x21) | ByteSet.Range(0x23, 0x5B) | ByteSet.Range(0x5D, 0x7F)),
            _grammar.Sequence(Bytes(ByteSet.Range(0xC2, 0xDF)), tail),
            _grammar.Sequence(Bytes(ByteSet.Of(0xE0)), Bytes(ByteSet.Range(0xA0, 0xBF)), tail),
            _grammar.Sequence(Bytes(ByteSet.Range(0xE1, 0xEC) | ByteSet.Range(0xEE, 0xEF)), tail, tail),
            _grammar.Sequence(Bytes(ByteSet.Of(0xED)), Bytes(ByteSet.Range(0x80, 0x9F)), tail),
            _grammar.Sequence(Bytes(ByteSet.Of(0xF0)), Bytes(ByteSet.Range(0x90, 0xBF)), tail, tail),
            _grammar.Sequence(Bytes(ByteSet.Range(0xF1, 0xF3)), tail, tail, tail),
            _grammar.Sequence(Bytes(ByteSet.Of(0xF4)), Bytes(ByteSet.Range(0x80, 0x8F)), tail, tail),
            _grammar.Sequence(Bytes(ByteSet.Of((byte)'\\')), Bytes(ByteSet.AnyOf("\"\\/bfnrt"))),
            _grammar.Sequence(_grammar.Literal("\\u"), notSurrogate));
    }

    private GrammarSymbol IntegerRule()
    {
        GrammarSymbol digit = Bytes(ByteSet.Range((byte)'0', (byte)'9'));
        return _grammar.Sequence(
            _grammar.Optional(Bytes(ByteSet.Of((byte)'-'))),
            _grammar.OneOf(
                Bytes(ByteSet.Of((byte)'0')),
                _grammar.Sequence(Bytes(ByteSet.Range((byte)'1', (byte)'9')), _grammar.Repeat(digit, 0, MaxDigits - 1))));
    }

    private GrammarSymbol NumberRule()
    {
        GrammarSymbol digit = Bytes(ByteSet.Range((byte)'0', (byte)'9'));
        GrammarSymbol fraction = _grammar.Sequence(Bytes(ByteSet.Of((byte)'.')), _grammar.Repeat(digit, 1, MaxDigits));
        GrammarSymbol exponent = _grammar.Sequence(
            Bytes(ByteSet.AnyOf("eE")), _grammar.Optional(Bytes(ByteSet.AnyOf("+-"))), _grammar.Repeat(digit, 1, 2));
        return _grammar.Sequence(Integer, _grammar.Optional(fraction), _grammar.Optional(exponent));
    }
}
