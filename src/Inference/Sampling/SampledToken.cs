namespace KVCluster.Inference.Sampling;

/// <summary>The token picked at one step.</summary>
/// <param name="Token">Its id.</param>
/// <param name="LogProbability">Natural logarithm of its probability in the model's own distribution; null unless asked for.</param>
public readonly record struct SampledToken(int Token, float? LogProbability);
