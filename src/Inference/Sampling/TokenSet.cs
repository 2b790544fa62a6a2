using System.Numerics;

namespace KVCluster.Inference.Sampling;

/// <summary>A set of token ids below a fixed bound, one bit each: constant memory however long the conversation.</summary>
internal sealed class TokenSet
{
    private readonly ulong[] _words;

    public TokenSet(int vocabularySize)
    {
        VocabularySize = vocabularySize;
        _words = new ulong[(vocabularySize + 63) / 64];
    }

    /// <summary>Ids run from 0 to this, exclusive.</summary>
    public int VocabularySize { get; }

    public void Add(int token)
    {
        _words[token >> 6] |= 1UL << (token & 63);
    }

    /// <summary>Divides positive and multiplies negative logits of the members by the penalty, in place.</summary>
    public void Penalize(Span<float> logits, float penalty)
    {
        for (int word = 0; word < _words.Length; word++)
        {
            for (ulong bits = _words[word]; bits != 0; bits &= bits - 1)
            {
                ref float logit = ref logits[(word << 6) + BitOperations.TrailingZeroCount(bits)];
                logit = logit < 0 ? logit * penalty : logit / penalty;
            }
        }
    }
}
