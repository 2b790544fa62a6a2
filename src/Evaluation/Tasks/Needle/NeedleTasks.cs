namespace KVCluster.Evaluation.Tasks.Needle;

/// <summary>The needle model's tasks, as training/samples.py has them.</summary>
internal static class NeedleTasks
{
    private const int Hops = 4;
    private const int FollowUpTurns = 5;

    public static IReadOnlyList<IEvaluationTask> All { get; } =
    [
        new NeedleTask("single", "one fact in filler", (r, s) => Facts(r, s, s.Questions, others: 0)),
        new NeedleTask("multikey", "one fact among others", (r, s) => Facts(r, s, s.Questions, s.Length / 64)),
        new NeedleTask("crowded", "a document of nothing but facts", Crowded),
        new NeedleTask("multivalue", "all values of one key", MultiValue),
        new NeedleTask("multiquery", "three facts at once", MultiQuery),
        new NeedleTask("tracking", "a variable through three others", Tracking),
        new NeedleTask("absent", "something that the document does not hold", Absent),
        new NeedleTask("turns", "five facts, asked for one by one", (r, s) => Facts(r, s, FollowUpTurns, s.Length / 128)),
    ];

    private static NeedlePlan Facts(TaskRandom random, TaskShape shape, int questions, int others)
    {
        NeedleFacts source = new(random);
        NeedleFact[] asked = Draw(questions, () => source.Fact(heldOut: true));
        NeedleFact[] more = Draw(others, () => source.Fact());
        return new NeedlePlan(
            Shuffle(random, asked.Concat(more)), [.. asked.Select((f, i) => Ask(random, f, f.Value, f.Sentence, i))], shape.Size);
    }

    private static NeedlePlan Crowded(TaskRandom random, TaskShape shape) =>
        Facts(random, shape, shape.Questions, others: shape.Size) with { FillerSentences = 0 };

    private static NeedlePlan Absent(TaskRandom random, TaskShape shape)
    {
        NeedleFacts source = new(random);
        NeedleFact[] asked = Draw(shape.Questions, () => source.Fact(heldOut: true));
        NeedleFact[] others = Draw(shape.Length / 64, () => source.Fact());
        return new NeedlePlan(
            Shuffle(random, others),
            [.. asked.Select((f, i) => Ask(random, f, NeedleWording.Absent, $"The {f.Subject} is {NeedleWording.Absent}.", i))],
            shape.Size);
    }

    private static NeedlePlan MultiValue(TaskRandom random, TaskShape shape)
    {
        NeedleFacts source = new(random);
        NeedleFact[][] asked = [.. Enumerable.Range(0, shape.Questions).Select(_ => source.Series(random.Between(2, 4), heldOut: true))];
        NeedleFact[][] others = [.. Enumerable.Range(0, shape.Length / 256).Select(_ => source.Series(3))];
        return new NeedlePlan(
            Shuffle(random, asked.Concat(others).SelectMany(f => f)),
            [.. asked.Select(f => AskTogether(random.Pick(NeedleWording.Lists)
                .Replace("{count}", NeedleWording.Count(f.Length), StringComparison.Ordinal)
                .Replace("{attribute}", f[0].Attribute, StringComparison.Ordinal)
                .Replace("{key}", f[0].Key, StringComparison.Ordinal), f))],
            shape.Size);
    }

    private static NeedlePlan MultiQuery(TaskRandom random, TaskShape shape)
    {
        NeedleFacts source = new(random);
        NeedleFact[][] asked = [.. Enumerable.Range(0, shape.Questions).Select(_ => Draw(3, () => source.Fact(heldOut: true)))];
        NeedleFact[] others = Draw(shape.Length / 128, () => source.Fact());
        return new NeedlePlan(
            Shuffle(random, asked.SelectMany(f => f).Concat(others)),
            [.. asked.Select(f => AskTogether(random.Pick(NeedleWording.Triples)
                .Replace("{a}", f[0].Subject, StringComparison.Ordinal)
                .Replace("{b}", f[1].Subject, StringComparison.Ordinal)
                .Replace("{c}", f[2].Subject, StringComparison.Ordinal), f))],
            shape.Size);
    }

    private static NeedlePlan Tracking(TaskRandom random, TaskShape shape)
    {
        NeedleFacts source = new(random);
        List<string> sentences = [];
        List<DraftQuestion> questions = [];
        int chains = shape.Questions + Math.Min(8, shape.Length / 128);
        for (int i = 0; i < chains && source.Chain(Hops) is { } chain; i++)
        {
            sentences.AddRange(chain.Sentences);
            if (i < shape.Questions)
            {
                string text = random.Pick(NeedleWording.Traces).Replace("{name}", chain.Name, StringComparison.Ordinal);
                questions.Add(new DraftQuestion(text, "", [chain.Value], string.Join(' ', chain.Sentences)));
            }
        }

        return new NeedlePlan(random.Shuffled(sentences), questions, shape.Size);
    }

    private static DraftQuestion Ask(TaskRandom random, NeedleFact fact, string expected, string reference, int turn)
    {
        string text = random.Pick(turn > 0 ? NeedleWording.FollowUps : NeedleWording.Questions)
            .Replace("{attribute}", fact.Attribute, StringComparison.Ordinal)
            .Replace("{key}", fact.Key, StringComparison.Ordinal);
        return new DraftQuestion(text, "", [expected], reference);
    }

    private static DraftQuestion AskTogether(string text, NeedleFact[] facts) =>
        new(text, "", [.. facts.Select(f => f.Value)], string.Join(' ', facts.Select(f => f.Sentence)));

    private static NeedleFact[] Draw(int count, Func<NeedleFact> draw) => [.. Enumerable.Range(0, count).Select(_ => draw())];

    private static List<string> Shuffle(TaskRandom random, IEnumerable<NeedleFact> facts) => random.Shuffled(facts.Select(f => f.Sentence));
}
