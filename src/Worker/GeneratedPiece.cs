using KVCluster.Inference.Sampling;

namespace KVCluster.Worker;

/// <summary>One generated token and the text that became sure with it.</summary>
/// <param name="Token">Its id.</param>
/// <param name="Text">
/// Whole characters, special tokens left out; empty while a character is incomplete or a stop string may have begun.
/// </param>
/// <param name="LogProbability">Natural logarithm of its probability in the model's own distribution; null unless asked for.</param>
/// <param name="TopLogProbabilities">The most probable tokens of this step, best first; empty unless asked for.</param>
public readonly record struct GeneratedPiece(
    int Token, string Text, float? LogProbability, IReadOnlyList<TokenLogProbability> TopLogProbabilities);
