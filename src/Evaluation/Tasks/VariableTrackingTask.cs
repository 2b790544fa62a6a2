namespace KVCluster.Evaluation.Tasks;

/// <summary>
/// Variable tracking in the manner of RULER (arXiv 2404.06654): a value is handed from variable to variable, and all that hold it are asked
/// for. A second chain, of another value, is there to be left out.
/// </summary>
internal sealed class VariableTrackingTask : IEvaluationTask
{
    private const int Hops = 4;
    private const int NameLetters = 5;

    private static readonly NoiseHaystack s_noise = new();

    public string Name => "variable-tracking";

    public string Summary => $"which variables hold a value that was handed on {Hops} times";

    public bool ManyQuestions => true;

    public int LeastSize => 0;

    public TaskDraft Draft(TaskRandom random, TaskShape shape)
    {
        HashSet<string> used = [];
        List<string> sentences = [];
        List<double> depths = [];
        List<DraftQuestion> questions = [];
        for (int chain = 0; chain <= shape.Questions; chain++)
        {
            string value = Distinct(used, () => $"{random.Between(10_000, 99_999)}");
            string[] names = [.. Enumerable.Range(0, Hops + 1).Select(_ => Distinct(used, () => DrawName(random)))];
            sentences.AddRange(names.Select((n, i) => $"Variable {n} is set to {(i == 0 ? value : "variable " + names[i - 1])}."));
            depths.AddRange(names.Select(_ => random.NextUnit()).Order());
            if (chain < shape.Questions)
            {
                questions.Add(new DraftQuestion(
                    $"\nWhich {names.Length} variables hold the value {value}, directly or through other variables?",
                    $"The {names.Length} variables that hold the value {value} are",
                    names,
                    " " + string.Join(", ", names) + "."));
            }
        }

        IReadOnlyList<string> pieces = s_noise.Pieces(random, shape.Size, used);
        string text = string.Join(s_noise.Separator, Hiding.At(pieces, sentences, depths));
        const string Introduction = "Follow what the variables in the text below are set to: you will be asked about them.";
        return new TaskDraft($"{Introduction}\n\n{text}\n", questions);
    }

    private static string DrawName(TaskRandom random) =>
        string.Concat(Enumerable.Range(0, NameLetters).Select(_ => (char)('A' + random.Next(26))));

    private static string Distinct(HashSet<string> used, Func<string> draw)
    {
        while (true)
        {
            string drawn = draw();
            if (used.Add(drawn))
            {
                return drawn;
            }
        }
    }
}
