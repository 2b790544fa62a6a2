using KVCluster.Evaluation.Tasks.Needle;
using KVCluster.Inference;

namespace KVCluster.Evaluation.Tasks;

/// <summary>All tasks that samples can be made of. To add one: a class, and a line here.</summary>
public static class EvaluationTasks
{
    private static readonly NoiseHaystack s_noise = new();
    private static readonly EssayHaystack s_essay = new();
    private static readonly MagicFactHaystack s_numbers = new(MagicValueKind.Number);
    private static readonly MagicFactHaystack s_codes = new(MagicValueKind.Code);

    /// <summary>The tasks, in the order help shows them.</summary>
    public static IReadOnlyList<IEvaluationTask> All { get; } =
    [
        new NiahTask("niah-single-noise", "one value in repeated sentences", s_noise, new NiahCounts(1)),
        new NiahTask("niah-single-essay", "one value in an essay", s_essay, new NiahCounts(1)),
        new NiahTask("niah-single-needles", "one value among nothing but others", s_numbers, new NiahCounts(1)),
        new NiahTask("niah-multikey-noise", "one of four values in repeated sentences", s_noise, new NiahCounts(4)),
        new NiahTask("niah-multikey-essay", "one of four values in an essay", s_essay, new NiahCounts(4)),
        new NiahTask("niah-multikey-needles", "one code among nothing but others", s_codes, new NiahCounts(4), MagicValueKind.Code),
        new NiahTask("niah-multivalue", "all four values of one key, in an essay", s_essay, new NiahCounts(1, ValuesPerKey: 4)),
        new NiahTask("niah-multiquery", "the values of four keys at once, in an essay", s_essay, new NiahCounts(4, KeysAsked: 4)),
        new VariableTrackingTask(),
        new CommonWordsTask(),
        new FrequentWordsTask(),
        new QuestionAnsweringTask(),
        .. NeedleTasks.All,
    ];

    /// <summary>A task by name. Throws <see cref="InputException"/>, listing the valid ones, where it is unknown.</summary>
    public static IEvaluationTask Find(string name) =>
        All.FirstOrDefault(t => t.Name == name)
        ?? throw new InputException($"unknown task '{name}'; valid: {string.Join(", ", All.Select(t => t.Name))}");
}
