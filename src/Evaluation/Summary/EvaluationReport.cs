namespace KVCluster.Evaluation.Summary;

/// <summary>A summary and what it was measured with.</summary>
/// <param name="Model">The model's name: the last part of its path.</param>
/// <param name="Fingerprint">Its fingerprint.</param>
/// <param name="Kv">Element type of cached keys and values.</param>
/// <param name="PageTokens">Tokens a page of the arena: bytes held come in whole pages a head.</param>
/// <param name="Command">The command line that measures it again.</param>
/// <param name="Summary">The numbers.</param>
public sealed record EvaluationReport(
    string Model, string Fingerprint, string Kv, int PageTokens, string Command, EvaluationSummary Summary);
