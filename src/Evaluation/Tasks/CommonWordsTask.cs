namespace KVCluster.Evaluation.Tasks;

/// <summary>
/// Common words in the manner of RULER (arXiv 2404.06654): a numbered list in which ten words occur often and all others once; the ten are
/// asked for.
/// </summary>
internal sealed class CommonWordsTask : IEvaluationTask
{
    /// <summary>Words asked for.</summary>
    public const int CommonWords = 10;

    /// <summary>How often each of them occurs.</summary>
    public const int Occurrences = 6;

    private static readonly string[] s_words = Vocabulary();

    public string Name => "common-words";

    public string Summary => $"the {CommonWords} words that a list repeats";

    public bool ManyQuestions => false;

    public int LeastSize => CommonWords;

    public TaskDraft Draft(TaskRandom random, TaskShape shape)
    {
        List<string> words = random.Shuffled(s_words);
        string[] common = [.. words.Take(CommonWords)];
        IEnumerable<string> once = words.Skip(CommonWords).Concat(Invented(random)).Take(shape.Size);
        List<string> list = random.Shuffled(common.SelectMany(w => Enumerable.Repeat(w, Occurrences)).Concat(once));
        string text = string.Join(' ', list.Select((w, i) => $"{i + 1}. {w}"));
        return new TaskDraft(
            $"Below is a numbered list of words. Some of them occur again and again: keep in mind which.\n\n{text}\n",
            [
                new DraftQuestion(
                    "\nWhich ten words occur most often in the list above?",
                    "The ten words that occur most often in the list are:",
                    common,
                    " " + string.Join(", ", common) + "."),
            ]);
    }

    /// <summary>Words none of which is part of another, so that finding one in an answer means that it was said.</summary>
    private static string[] Vocabulary()
    {
        string[] all =
        [
            .. WordLists.Adjectives, .. WordLists.Nouns, .. WordLists.ValueWords, .. WordLists.People, .. WordLists.Places,
            .. WordLists.Things, .. WordLists.Qualities, .. WordLists.Weather, .. WordLists.Moods,
        ];
        string[] distinct = [.. all.Distinct(StringComparer.Ordinal)];
        return [.. distinct.Where(w => !distinct.Any(o => o != w && o.Contains(w, StringComparison.Ordinal)))];
    }

    /// <summary>More words, without end, for long lists.</summary>
    private static IEnumerable<string> Invented(TaskRandom random)
    {
        HashSet<string> drawn = [];
        while (true)
        {
            // An x, which neither the lists' syllables nor common words have there, keeps them apart from all others.
            string word = "x" + InventedWords.SixLetters(random);
            if (drawn.Add(word) && !s_words.Any(w => word.Contains(w, StringComparison.Ordinal)))
            {
                yield return word;
            }
        }
    }
}
