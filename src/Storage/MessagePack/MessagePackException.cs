namespace KVCluster.Storage.MessagePack;

/// <summary>Bytes are not the MessagePack that was expected: truncated, of another type, or beyond a bound.</summary>
public sealed class MessagePackException(string message) : Exception(message);
