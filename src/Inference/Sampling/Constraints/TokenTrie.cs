using KVCluster.Inference.Tokenization;

namespace KVCluster.Inference.Sampling.Constraints;

/// <summary>
/// The bytes of all plain tokens of a vocabulary as a tree in depth-first order, so that all tokens that begin alike are looked at once.
/// Immutable, one for each tokenizer.
/// </summary>
internal sealed class TokenTrie
{
    private readonly Tokenizer _tokenizer;
    private readonly List<TrieNode> _nodes = [];
    private readonly List<int> _tokens = [];

    /// <summary>Special tokens and those without bytes have no place in it.</summary>
    public TokenTrie(Tokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        VocabularySize = tokenizer.VocabularySize;
        var entries = new List<(byte[] Bytes, int Token)>();
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            ReadOnlySpan<byte> bytes = tokenizer.TokenBytes(id);
            if (!tokenizer.IsSpecial(id) && bytes.Length > 0)
            {
                entries.Add((bytes.ToArray(), id));
            }
        }

        entries.Sort((x, y) => x.Bytes.AsSpan().SequenceCompareTo(y.Bytes));
        for (int start = 0; start < entries.Count;)
        {
            start = Add(entries, start, 0);
        }
    }

    /// <summary>Ids run from 0 to this, exclusive.</summary>
    public int VocabularySize { get; }

    /// <summary>The bytes of a token.</summary>
    public ReadOnlySpan<byte> Bytes(int token) => _tokenizer.TokenBytes(token);

    /// <summary>Sets the bit of every token whose bytes the automaton can take from a state on.</summary>
    public void Allow(GrammarAutomaton automaton, GrammarState state, Span<ulong> mask) => Visit(automaton, state, 0, _nodes.Count, mask);

    private void Visit(GrammarAutomaton automaton, GrammarState state, int start, int end, Span<ulong> mask)
    {
        for (int node = start; node < end;)
        {
            TrieNode at = _nodes[node];
            GrammarState next = automaton.Next(state, at.Value);
            if (!next.IsDead)
            {
                for (int i = at.FirstToken; i < at.FirstToken + at.TokenCount; i++)
                {
                    int token = _tokens[i];
                    mask[token >> 6] |= 1UL << (token & 63);
                }

                Visit(automaton, next, node + 1, at.End, mask);
            }

            node = at.End;
        }
    }

    /// <summary>Adds the node of the byte at this depth of the entry, and all below it; returns the first entry that is not.</summary>
    private int Add(List<(byte[] Bytes, int Token)> entries, int start, int depth)
    {
        ReadOnlySpan<byte> prefix = entries[start].Bytes.AsSpan(0, depth + 1);
        int node = _nodes.Count;
        _nodes.Add(default);
        int first = _tokens.Count;
        int entry = start;
        while (entry < entries.Count && entries[entry].Bytes.Length == depth + 1 && entries[entry].Bytes.AsSpan().StartsWith(prefix))
        {
            _tokens.Add(entries[entry++].Token);
        }

        int count = _tokens.Count - first;
        while (entry < entries.Count && entries[entry].Bytes.AsSpan().StartsWith(prefix))
        {
            entry = Add(entries, entry, depth + 1);
        }

        _nodes[node] = new TrieNode(prefix[depth], first, count, _nodes.Count);
        return entry;
    }

    /// <summary>One byte; nodes up to <c>End</c> lie below it.</summary>
    private readonly record struct TrieNode(byte Value, int FirstToken, int TokenCount, int End);
}
