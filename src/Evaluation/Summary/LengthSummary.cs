namespace KVCluster.Evaluation.Summary;

/// <summary>All policies at one length, or over all lengths.</summary>
/// <param name="Length">Tokens; null over all lengths.</param>
/// <param name="WholeBytes">Bytes of the pages of whole contexts, mean over samples.</param>
/// <param name="WholeAccuracy">Accuracy with the whole cache.</param>
/// <param name="Curves">A curve for each policy, in the order they were asked for.</param>
public sealed record LengthSummary(int? Length, double WholeBytes, double WholeAccuracy, IReadOnlyList<PolicyCurve> Curves);
