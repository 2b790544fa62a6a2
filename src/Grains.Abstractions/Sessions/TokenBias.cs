namespace KVCluster.Grains;

/// <summary>What is added to a token's logits.</summary>
/// <param name="Token">Its id.</param>
/// <param name="Bias">The amount.</param>
[GenerateSerializer, Immutable, Alias("KVCluster.TokenBias")]
public readonly record struct TokenBias([property: Id(0)] int Token, [property: Id(1)] float Bias);
