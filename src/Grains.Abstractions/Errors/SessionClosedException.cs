namespace KVCluster.Grains;

/// <summary>The session was closed; its id is not used again.</summary>
[GenerateSerializer, Alias("KVCluster.SessionClosedException")]
public sealed class SessionClosedException(string message) : SessionException(message);
