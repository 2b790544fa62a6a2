namespace KVCluster.Inference.Backend;

/// <summary>
/// Residual stream of one request: entry 0 the embeddings, 1..L-1 after each layer, L after the last layer and the final norm; each
/// [tokens, hidden]. For tests and diagnosis.
/// </summary>
public sealed class HiddenStateTrace
{
    /// <summary>L + 1 entries, filled by the step.</summary>
    public List<float[]> States { get; } = [];
}
