namespace KVCluster.Grains;

/// <summary>A token and its probability.</summary>
/// <param name="Token">Its id.</param>
/// <param name="LogProbability">Natural logarithm.</param>
[GenerateSerializer, Immutable, Alias("KVCluster.TokenProbability")]
public readonly record struct TokenProbability([property: Id(0)] int Token, [property: Id(1)] float LogProbability);
