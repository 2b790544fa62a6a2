namespace KVCluster.Grains;

/// <summary>The prompt does not fit into what is left of the session's token budget; nothing ran.</summary>
[GenerateSerializer, Alias("KVCluster.TokenBudgetException")]
public sealed class TokenBudgetException(string message) : SessionException(message);
