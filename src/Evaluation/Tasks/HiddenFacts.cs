namespace KVCluster.Evaluation.Tasks;

/// <summary>Facts hidden in a text of the user's own, in the manner of the niah tasks, and questions about them.</summary>
public static class HiddenFacts
{
    private static readonly char[] Ends = ['.', '!', '?'];

    /// <summary>The text with one fact a question, between sentences, at random depths.</summary>
    /// <param name="text">The haystack.</param>
    /// <param name="questions">How many facts, and questions, there are.</param>
    /// <param name="seed">Names the random choices.</param>
    public static TaskDraft In(string text, int questions, string seed)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(questions);
        var random = new TaskRandom(seed);
        var facts = new MagicFacts(random, MagicValueKind.Number);
        (string Key, string Value)[] hidden = [.. Enumerable.Range(0, questions).Select(_ => (facts.Key(), facts.Value()))];
        string[] sentences = [.. hidden.Select(h => $" {facts.Sentence(h.Key, h.Value)} ")];
        double[] depths = [.. sentences.Select(_ => random.NextUnit())];
        string all = string.Concat(Hiding.At(Pieces(text), sentences, depths));
        return new TaskDraft($"{facts.Introduction}\n\n{all}\n", [.. hidden.Select(h => facts.Ask([h.Key], [h.Value]))]);
    }

    /// <summary>Sentences with what follows them, so that joined they are the text.</summary>
    private static List<string> Pieces(string text)
    {
        List<string> pieces = [];
        for (int start = 0; start < text.Length;)
        {
            int end = text.IndexOfAny(Ends, start);
            while (end >= 0 && end + 1 < text.Length && !char.IsWhiteSpace(text[end + 1]))
            {
                end = text.IndexOfAny(Ends, end + 1);
            }

            int next = end < 0 ? text.Length : end + 1;
            pieces.Add(text[start..next]);
            start = next;
        }

        return pieces;
    }
}
