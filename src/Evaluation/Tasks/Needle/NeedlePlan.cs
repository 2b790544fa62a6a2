namespace KVCluster.Evaluation.Tasks.Needle;

/// <summary>What a document of the needle model holds and what is asked.</summary>
/// <param name="Sentences">Facts, those asked for and others.</param>
/// <param name="Questions">Questions, not yet framed.</param>
/// <param name="FillerSentences">Sentences around the facts.</param>
internal sealed record NeedlePlan(IReadOnlyList<string> Sentences, IReadOnlyList<DraftQuestion> Questions, int FillerSentences);
