namespace KVCluster.Evaluation.Tasks.Needle;

/// <summary>A task in the needle model's own wording: facts among filler, then questions whose answers restate the facts.</summary>
internal sealed class NeedleTask(string kind, string summary, Func<TaskRandom, TaskShape, NeedlePlan> plan) : IEvaluationTask
{
    public string Name => $"needle-{kind}";

    public string Summary => summary;

    public bool ManyQuestions => true;

    public int LeastSize => 0;

    public TaskDraft Draft(TaskRandom random, TaskShape shape)
    {
        NeedlePlan made = plan(random, shape);
        (string before, string between) = random.Pick(NeedleWording.Frames);
        double[] depths = [.. made.Sentences.Select(_ => random.NextUnit())];
        string[] filler = [.. Enumerable.Range(0, made.FillerSentences).Select(_ => NeedleFiller.Sentence(random))];
        string document = string.Join(' ', Hiding.At(filler, made.Sentences, depths));
        DraftQuestion[] questions = [.. made.Questions];
        questions[0] = questions[0] with { Text = between + questions[0].Text };
        return new TaskDraft(before + document, questions);
    }
}
