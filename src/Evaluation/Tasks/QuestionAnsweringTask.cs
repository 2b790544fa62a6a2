namespace KVCluster.Evaluation.Tasks;

/// <summary>
/// Questions about a made-up guide book, in the manner of RULER's question answering: one entry answers, all others distract.
/// </summary>
internal sealed class QuestionAnsweringTask : IEvaluationTask
{
    private const int Kinds = 6;

    public string Name => "question-answering";

    public string Summary => "facts of a made-up guide book";

    public bool ManyQuestions => true;

    public int LeastSize => 0;

    public TaskDraft Draft(TaskRandom random, TaskShape shape)
    {
        HashSet<string> places = [];
        HouseEntry[] asked = [.. Enumerable.Range(0, shape.Questions).Select(_ => HouseEntry.Draw(random, places))];
        int first = random.Next(Kinds);
        DraftQuestion[] questions = [.. asked.Select((h, i) => h.Ask(first + i))];
        double[] depths = [.. asked.Select(_ => random.NextUnit())];
        string[] others = [.. Enumerable.Range(0, shape.Size).Select(_ => HouseEntry.Draw(random, places).Paragraph)];
        string text = string.Join("\n\n", Hiding.At(others, [.. asked.Select(h => h.Paragraph)], depths));
        return new TaskDraft($"Read these pages of a guide book: you will be asked about them.\n\n{text}\n", questions);
    }
}
