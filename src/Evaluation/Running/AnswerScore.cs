namespace KVCluster.Evaluation.Running;

/// <summary>RULER's score (arXiv 2404.06654) of an answer: the fraction of the expected strings that occur in it, ignoring case.</summary>
public static class AnswerScore
{
    /// <summary>In [0, 1]. Throws ArgumentException where nothing is expected.</summary>
    public static double Of(string answer, IReadOnlyList<string> expected)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(expected);
        if (expected.Count == 0)
        {
            throw new ArgumentException("nothing is expected", nameof(expected));
        }

        return (double)expected.Count(e => answer.Contains(e, StringComparison.OrdinalIgnoreCase)) / expected.Count;
    }
}
