namespace KVCluster.Grains;

/// <summary>A session of that id was created with other options or from another history.</summary>
[GenerateSerializer, Alias("KVCluster.SessionExistsException")]
public sealed class SessionExistsException(string message) : SessionException(message);
