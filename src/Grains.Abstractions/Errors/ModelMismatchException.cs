namespace KVCluster.Grains;

/// <summary>The session's tokens belong to another model than the one this node serves.</summary>
[GenerateSerializer, Alias("KVCluster.ModelMismatchException")]
public sealed class ModelMismatchException(string message) : SessionException(message);
