namespace KVCluster.Evaluation.Summary;

/// <summary>Where a policy keeps what it keeps.</summary>
/// <param name="Policy">Its specification.</param>
/// <param name="Ratio">The fraction asked to be removed.</param>
/// <param name="KvHeads">KV heads a layer.</param>
/// <param name="KeptShare">Share of the context's tokens kept, mean over samples, [layers, kvHeads], layer-major.</param>
/// <param name="KeptTokens">Tokens kept, mean over samples, in the same order.</param>
public sealed record RetentionMap(
    string Policy, double Ratio, int KvHeads, IReadOnlyList<double> KeptShare, IReadOnlyList<double> KeptTokens)
{
    /// <summary>Layers.</summary>
    public int Layers => KeptShare.Count / KvHeads;
}
