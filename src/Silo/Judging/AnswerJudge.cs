namespace KVCluster.Silo.Judging;

/// <summary>
/// Whether an answer is right: it holds every expected text, in any case, as whole words (48213 is not found in 482130). The same for every
/// model and every cache.
/// </summary>
internal static class AnswerJudge
{
    public static bool IsRight(string answer, IReadOnlyList<string> expected) => expected.All(e => Holds(answer, e));

    private static bool Holds(string answer, string expected)
    {
        for (int at = 0; (at = answer.IndexOf(expected, at, StringComparison.OrdinalIgnoreCase)) >= 0; at++)
        {
            int end = at + expected.Length;
            bool beginsWord = at == 0 || !char.IsLetterOrDigit(answer[at - 1]) || !char.IsLetterOrDigit(expected[0]);
            bool endsWord = end == answer.Length || !char.IsLetterOrDigit(answer[end]) || !char.IsLetterOrDigit(expected[^1]);
            if (beginsWord && endsWord)
            {
                return true;
            }
        }

        return false;
    }
}
