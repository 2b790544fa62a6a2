using KVCluster.Inference.Sampling;

namespace KVCluster.Worker.Tests.Goldens;

/// <summary>Follows reference answers token by token.</summary>
internal static class AnswerCheck
{
    /// <summary>Below this gap between the two best logits two correct float32 engines may choose differently.</summary>
    public const double SafeGap = 1e-3;

    /// <summary>
    /// Generates as many tokens as expected. Where one differs at a near tie, the conversation goes on with the expected tokens instead; a
    /// difference at a clear gap fails. <paramref name="step"/> sees each step's gap.
    /// </summary>
    public static AnswerOutcome Follow(
        ref Conversation conversation, int[] expected, string what, Action<int, float>? step = null)
    {
        Conversation before = conversation.Fork();
        int count = 0;
        foreach (GeneratedPiece piece in conversation.Generate(new SamplingOptions { MaxTokens = expected.Length, LogProbabilities = 2 }))
        {
            float gap = piece.TopLogProbabilities[0].LogProbability - piece.TopLogProbabilities[1].LogProbability;
            if (piece.Token != expected[count])
            {
                Assert.True(gap < SafeGap, $"{what}: token {count} is {piece.Token} instead of {expected[count]}, with a gap of {gap:g3}");
                conversation.Dispose();
                conversation = before;
                conversation.Append(expected);
                return AnswerOutcome.NearTie;
            }

            step?.Invoke(count, gap);
            count++;
        }

        before.Dispose();
        if (count < expected.Length && conversation.LastCompletion!.Reason == FinishReason.ContextFull)
        {
            return AnswerOutcome.ContextFull;
        }

        Assert.True(count == expected.Length, $"{what}: ended after {count} of {expected.Length} tokens");
        return AnswerOutcome.Equal;
    }
}
