namespace KVCluster.Evaluation.Tasks;

/// <summary>A sample before it is known whether it fits.</summary>
/// <param name="Context">What is cached.</param>
/// <param name="Questions">About it.</param>
public sealed record TaskDraft(string Context, IReadOnlyList<DraftQuestion> Questions);

/// <summary>One question of a draft.</summary>
/// <param name="Text">The question.</param>
/// <param name="AnswerPrefix">How the answer is opened; may be empty.</param>
/// <param name="Expected">What a right answer holds.</param>
/// <param name="Reference">A right answer as a model would put it: what room is made for.</param>
public sealed record DraftQuestion(string Text, string AnswerPrefix, IReadOnlyList<string> Expected, string Reference);
