namespace KVCluster.Grains;

/// <summary>
/// The session is leaving its node. Nothing was done: the same call may be sent again at once, and is served where the session goes.
/// </summary>
[GenerateSerializer, Alias("KVCluster.SessionMovingException")]
public sealed class SessionMovingException(string message) : SessionUnavailableException(message);
