namespace KVCluster.Storage.Redis.Protocol;

/// <summary>Bytes that are not RESP: the connection cannot be used any further, since nothing says where the next reply begins.</summary>
internal sealed class RespProtocolException(string message) : Exception(message);
