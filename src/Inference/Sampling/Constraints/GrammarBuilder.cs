using System.Text;

namespace KVCluster.Inference.Sampling.Constraints;

/// <summary>Puts a grammar together rule by rule. Rules may be named before they have alternatives, for recursion.</summary>
internal sealed class GrammarBuilder
{
    /// <summary>A grammar from a hostile schema stays within memory.</summary>
    private const int MaxSymbols = 200_000;

    private readonly List<GrammarSymbol> _symbols = [];
    private readonly List<List<int>> _alternatives = [];
    private readonly Dictionary<string, int> _literals = new(StringComparer.Ordinal);

    /// <summary>A rule that matches nothing until <see cref="Add"/> gives it alternatives.</summary>
    public int NewRule()
    {
        _alternatives.Add([]);
        return _alternatives.Count - 1;
    }

    /// <summary>One more alternative of a rule: the symbols one after another; none matches the empty text.</summary>
    /// <exception cref="InputException">The grammar has grown too large.</exception>
    public void Add(int rule, params ReadOnlySpan<GrammarSymbol> symbols)
    {
        if (_symbols.Count + symbols.Length >= MaxSymbols)
        {
            throw new InputException($"the grammar would exceed {MaxSymbols} symbols");
        }

        _alternatives[rule].Add(_symbols.Count);
        _symbols.AddRange(symbols);
        _symbols.Add(default);
    }

    /// <summary>A rule with one alternative for each given symbol.</summary>
    public GrammarSymbol OneOf(params ReadOnlySpan<GrammarSymbol> choices)
    {
        int rule = NewRule();
        foreach (GrammarSymbol choice in choices)
        {
            Add(rule, choice);
        }

        return Ref(rule);
    }

    /// <summary>The symbols one after another as one symbol.</summary>
    public GrammarSymbol Sequence(params ReadOnlySpan<GrammarSymbol> symbols)
    {
        int rule = NewRule();
        Add(rule, symbols);
        return Ref(rule);
    }

    /// <summary>The symbol or nothing.</summary>
    public GrammarSymbol Optional(GrammarSymbol symbol)
    {
        int rule = NewRule();
        Add(rule, symbol);
        Add(rule);
        return Ref(rule);
    }

    /// <summary>The symbol at least <paramref name="least"/> and at most <paramref name="most"/> times (null: any number of times).</summary>
    public GrammarSymbol Repeat(GrammarSymbol symbol, int least, int? most)
    {
        GrammarSymbol rest;
        if (most is null)
        {
            int loop = NewRule();
            Add(loop, symbol, Ref(loop));
            Add(loop);
            rest = Ref(loop);
        }
        else
        {
            rest = Sequence();
            for (int i = least; i < most; i++)
            {
                rest = Optional(Sequence(symbol, rest));
            }
        }

        for (int i = 0; i < least; i++)
        {
            rest = Sequence(symbol, rest);
        }

        return rest;
    }

    /// <summary>A text as UTF-8, byte by byte.</summary>
    public GrammarSymbol Literal(string text)
    {
        if (!_literals.TryGetValue(text, out int rule))
        {
            rule = NewRule();
            Add(rule, Array.ConvertAll(Encoding.UTF8.GetBytes(text), b => Bytes(ByteSet.Of(b))));
            _literals.Add(text, rule);
        }

        return Ref(rule);
    }

    public static GrammarSymbol Bytes(ByteSet set) => new(SymbolKind.Bytes, set, 0);

    public static GrammarSymbol Ref(int rule) => new(SymbolKind.Rule, default, rule);

    /// <exception cref="InputException">A rule begins with itself, so that it would never come to a byte.</exception>
    public Grammar Build(GrammarSymbol root)
    {
        int rule = NewRule();
        Add(rule, root);
        var grammar = new Grammar([.. _symbols], _alternatives.ConvertAll(a => a.ToArray()).ToArray(), rule);
        return LeftRecursion.IsIn(grammar)
            ? throw new InputException("the schema refers to itself without anything before: no text could match it")
            : grammar;
    }
}
