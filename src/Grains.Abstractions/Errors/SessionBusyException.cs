namespace KVCluster.Grains;

/// <summary>A turn of this session is running: cancel it, or wait for its end.</summary>
[GenerateSerializer, Alias("KVCluster.SessionBusyException")]
public sealed class SessionBusyException(string message) : SessionException(message);
