namespace KVCluster.Inference.Sampling;

/// <summary>A token and how probable the model holds it to be.</summary>
/// <param name="Token">Its id.</param>
/// <param name="LogProbability">Natural logarithm of its probability; negative infinity for a token whose logit is.</param>
public readonly record struct TokenLogProbability(int Token, float LogProbability);
