namespace KVCluster.Inference.Backend;

/// <summary>Bytes a backend holds on its device.</summary>
/// <param name="WeightBytes">Weights, in the form they are computed with.</param>
/// <param name="ArenaBytes">The KV arena's reservation.</param>
/// <param name="WorkspaceBytes">Activations and scratch at this moment.</param>
public readonly record struct BackendMemory(long WeightBytes, long ArenaBytes, long WorkspaceBytes);
