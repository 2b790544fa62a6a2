namespace KVCluster.Grains;

/// <summary>No session of that id was created.</summary>
[GenerateSerializer, Alias("KVCluster.SessionNotFoundException")]
public sealed class SessionNotFoundException(string message) : SessionException(message);
