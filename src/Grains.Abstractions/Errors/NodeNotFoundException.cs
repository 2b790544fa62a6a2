namespace KVCluster.Grains;

/// <summary>No live node of that name is known.</summary>
[GenerateSerializer, Alias("KVCluster.NodeNotFoundException")]
public sealed class NodeNotFoundException(string message) : SessionException(message);
