namespace KVCluster.Grains;

/// <summary>The idempotency key came before, with another request.</summary>
[GenerateSerializer, Alias("KVCluster.IdempotencyConflictException")]
public sealed class IdempotencyConflictException(string message) : SessionException(message);
