namespace KVCluster.Inference.Sampling.Constraints;

/// <summary>Follows one answer through a grammar, token by token.</summary>
internal sealed class TokenConstraint(GrammarAutomaton automaton, TokenTrie trie, int[] endTokens)
{
    private GrammarState _state = automaton.Start;

    /// <summary>Makes every token that cannot come next impossible: negative infinity. [V], V may exceed the tokenizer's ids.</summary>
    public void Apply(Span<float> logits)
    {
        ReadOnlySpan<ulong> mask = MaskOf(_state);
        for (int word = 0, token = 0; token < logits.Length; word++)
        {
            ulong bits = word < mask.Length ? mask[word] : 0;
            for (int end = Math.Min(token + 64, logits.Length); token < end; token++, bits >>= 1)
            {
                if ((bits & 1) == 0)
                {
                    logits[token] = float.NegativeInfinity;
                }
            }
        }
    }

    /// <summary>The answer goes on with this token, one of those allowed.</summary>
    public void Accept(int token)
    {
        if (Array.IndexOf(endTokens, token) >= 0)
        {
            return;
        }

        foreach (byte value in trie.Bytes(token))
        {
            _state = automaton.Next(_state, value);
        }

        if (_state.IsDead)
        {
            throw new InvalidOperationException($"token {token} is not allowed here");
        }
    }

    private ulong[] MaskOf(GrammarState state)
    {
        if (state.Mask is null)
        {
            var mask = new ulong[(trie.VocabularySize + 63) / 64];
            trie.Allow(automaton, state, mask);
            if (state.MayEnd)
            {
                foreach (int token in endTokens)
                {
                    mask[token >> 6] |= 1UL << (token & 63);
                }
            }

            state.Mask = mask;
        }

        return state.Mask;
    }
}
