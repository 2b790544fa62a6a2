namespace KVCluster.Grains;

/// <summary>The request is wrong in itself: an id, a token, an option or a combination. Nothing ran.</summary>
[GenerateSerializer, Alias("KVCluster.InvalidRequestException")]
public sealed class InvalidRequestException(string message) : SessionException(message);
