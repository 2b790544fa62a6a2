namespace KVCluster.Grains;

/// <summary>A session that begins with the tokens asked for.</summary>
/// <param name="Session">Its id within the tenant.</param>
/// <param name="Tokens">Tokens that agree, in whole blocks of <see cref="BlockHashes.BlockTokens"/>.</param>
[GenerateSerializer, Immutable, Alias("KVCluster.PrefixMatch")]
public sealed record PrefixMatch([property: Id(0)] string Session, [property: Id(1)] int Tokens);
