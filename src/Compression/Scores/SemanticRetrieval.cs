namespace KVCluster.Compression.Scores;

/// <summary>
/// Scores of semantic retrieval heads (CompressKV, arXiv 2508.02401): while the model generates an answer that stands in its context, the
/// heads that look at the answer's whole span retrieve it by meaning. Pure functions; the attention comes from a backend.
/// </summary>
public static class SemanticRetrieval
{
    /// <summary>
    /// A head's score of one run: the sum over steps whose token occurs in the answer of <paramref name="answerMass"/>, [steps], the
    /// attention on the answer's span. <paramref name="byOccurrence"/> counts a step as often as its token occurs in the answer, which is
    /// what the authors' code does.
    /// </summary>
    public static double RunScore(ReadOnlySpan<float> answerMass, ReadOnlySpan<int> generated, ReadOnlySpan<int> answer, bool byOccurrence = false)
    {
        if (answerMass.Length != generated.Length)
        {
            throw new ArgumentException($"{answerMass.Length} masses for {generated.Length} generated tokens", nameof(answerMass));
        }

        double score = 0;
        for (int step = 0; step < generated.Length; step++)
        {
            int occurrences = answer.Count(generated[step]);
            score += answerMass[step] * (double)(byOccurrence ? occurrences : Math.Min(1, occurrences));
        }

        return score;
    }

    /// <summary>Share of the answer's tokens that were generated, each at most as often as it was: a run counts above one half.</summary>
    public static double UnigramRecall(ReadOnlySpan<int> generated, ReadOnlySpan<int> answer)
    {
        int found = 0;
        HashSet<int> seen = [];
        foreach (int token in answer)
        {
            if (seen.Add(token))
            {
                found += Math.Min(answer.Count(token), generated.Count(token));
            }
        }

        return answer.IsEmpty ? 0 : (double)found / answer.Length;
    }

    /// <summary>The best <paramref name="count"/> query heads of each layer, best first; of equal ones the earlier.</summary>
    public static int[][] BestHeads(IReadOnlyList<double[]> scores, int count)
    {
        ArgumentNullException.ThrowIfNull(scores);
        return [.. scores.Select(layer => Enumerable.Range(0, layer.Length).OrderByDescending(h => layer[h]).Take(count).ToArray())];
    }
}
