namespace KVCluster.Grains;

/// <summary>
/// The session cannot be served from here at this moment: another activation has taken over, its device failed, or its state could not be
/// written. The turn is not acknowledged; with an idempotency key it is safe to send again, and a turn that did become durable is then
/// answered from the record.
/// </summary>
[GenerateSerializer, Alias("KVCluster.SessionUnavailableException")]
public class SessionUnavailableException(string message, Exception? cause = null) : SessionException(message, cause);
