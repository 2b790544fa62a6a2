namespace KVCluster.Inference.Sampling.Constraints;

/// <summary>
/// What an answer may look like, in the tokens of one vocabulary: at each step only those that some text of the grammar goes on with, and
/// an end token where the text may end. Immutable; each generation runs its own <see cref="TokenConstraint"/> of it.
/// </summary>
public sealed class TokenGrammar
{
    private readonly Grammar _grammar;
    private readonly TokenTrie _trie;
    private readonly int[] _endTokens;

    internal TokenGrammar(Grammar grammar, TokenTrie trie, IEnumerable<int> endTokens)
    {
        _grammar = grammar;
        _trie = trie;
        _endTokens = [.. endTokens];
    }

    /// <summary>A constraint at the beginning of an answer.</summary>
    internal TokenConstraint Begin() => new(new GrammarAutomaton(_grammar), _trie, _endTokens);
}
