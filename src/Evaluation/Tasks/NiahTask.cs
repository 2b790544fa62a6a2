namespace KVCluster.Evaluation.Tasks;

/// <summary>
/// Needle in a haystack in the manner of RULER (arXiv 2404.06654): values of keys hidden at random depths, some of them asked for.
/// </summary>
internal sealed class NiahTask(
    string name, string summary, IHaystack haystack, NiahCounts counts, MagicValueKind kind = MagicValueKind.Number) : IEvaluationTask
{
    public string Name => name;

    public string Summary => summary;

    public bool ManyQuestions => true;

    public int LeastSize => 0;

    public TaskDraft Draft(TaskRandom random, TaskShape shape)
    {
        MagicFacts facts = new(random, kind);
        int asked = shape.Questions * counts.KeysAsked;
        var keys = new (string Key, string[] Values)[Math.Max(counts.Keys, asked)];
        List<string> sentences = [];
        for (int i = 0; i < keys.Length; i++)
        {
            keys[i] = (facts.Key(), [.. Enumerable.Range(0, counts.ValuesPerKey).Select(_ => facts.Value())]);
            sentences.AddRange(keys[i].Values.Select(v => facts.Sentence(keys[i].Key, v)));
        }

        double[] depths = [.. sentences.Select(_ => random.NextUnit())];
        IReadOnlyList<string> pieces = haystack.Pieces(random, shape.Size, facts.Keys);
        string text = string.Join(haystack.Separator, Hiding.At(pieces, sentences, depths));
        IEnumerable<DraftQuestion> questions = keys.Take(asked).Chunk(counts.KeysAsked)
            .Select(k => facts.Ask([.. k.Select(p => p.Key)], [.. k.SelectMany(p => p.Values)]));
        return new TaskDraft($"{facts.Introduction}\n\n{text}\n", [.. questions]);
    }
}
