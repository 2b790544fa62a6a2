namespace KVCluster.Evaluation.Tasks;

/// <summary>
/// Frequent words in the manner of RULER (arXiv 2404.06654): made-up words whose counts follow Zipf's law with exponent 2; the three most
/// frequent are asked for.
/// </summary>
internal sealed class FrequentWordsTask : IEvaluationTask
{
    private const int Asked = 3;

    // Sum of 1 / k^2.
    private const double Zeta = Math.PI * Math.PI / 6;

    public string Name => "frequent-words";

    public string Summary => $"the {Asked} most frequent of many made-up words";

    public bool ManyQuestions => false;

    /// <summary>Words at which the counts are 36, 9, 4, 2: the third and the fourth are well apart.</summary>
    public int LeastSize => 60;

    public TaskDraft Draft(TaskRandom random, TaskShape shape)
    {
        List<string> words = [];
        List<string> text = [];
        while (text.Count < shape.Size)
        {
            string word = InventedWords.SixLetters(random);
            if (!words.Contains(word))
            {
                words.Add(word);
                text.AddRange(Enumerable.Repeat(word, Math.Min(Count(words.Count, shape.Size), shape.Size - text.Count)));
            }
        }

        string[] expected = [.. words.Take(Asked)];
        string shuffled = string.Join(' ', random.Shuffled(text));
        return new TaskDraft(
            $"Below is a text in made-up words. Keep in mind which of them occur most often.\n\n{shuffled}\n",
            [
                new DraftQuestion(
                    $"\nWhich three words occur most often in the text above?",
                    "The three words that occur most often in the text are:",
                    expected,
                    " " + string.Join(", ", expected) + "."),
            ]);
    }

    /// <summary>How often the word of a rank, from 1, occurs among so many.</summary>
    internal static int Count(int rank, int words) => Math.Max(1, (int)(words / (Zeta * rank * rank)));
}
