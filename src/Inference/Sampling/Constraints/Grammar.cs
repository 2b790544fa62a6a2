namespace KVCluster.Inference.Sampling.Constraints;

/// <summary>
/// A context-free grammar over bytes, flattened: rule r has the alternatives <c>Alternatives[r]</c>, each the position of its first symbol
/// in <c>Symbols</c>; an alternative runs up to its <see cref="SymbolKind.End"/>. No rule is left-recursive.
/// </summary>
/// <param name="Symbols">All symbols of all alternatives.</param>
/// <param name="Alternatives">First positions of each rule's alternatives.</param>
/// <param name="Root">The rule a text must match.</param>
internal sealed record Grammar(GrammarSymbol[] Symbols, int[][] Alternatives, int Root);

/// <summary>One symbol: a byte out of a set, another rule, or the end of an alternative.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Bytes">The bytes, for <see cref="SymbolKind.Bytes"/>.</param>
/// <param name="Rule">The rule, for <see cref="SymbolKind.Rule"/>.</param>
internal readonly record struct GrammarSymbol(SymbolKind Kind, ByteSet Bytes, int Rule);

/// <summary>What a symbol is.</summary>
internal enum SymbolKind
{
    /// <summary>The alternative is over.</summary>
    End,

    /// <summary>One byte of a set.</summary>
    Bytes,

    /// <summary>All that another rule matches.</summary>
    Rule,
}
