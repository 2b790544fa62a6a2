namespace KVCluster.Benchmarks.Torch;

/// <summary>What is held after so many steps.</summary>
/// <param name="Step">Steps run.</param>
/// <param name="Tensors">Tensors alive.</param>
/// <param name="WorkspaceBytes">Bytes of the device beside weights and arena.</param>
/// <param name="ResidentBytes">Bytes of the process.</param>
/// <param name="ArenaBytes">Bytes of the arena in use, which come and go with the sessions.</param>
internal sealed record FlatnessPoint(int Step, long Tensors, long WorkspaceBytes, long ResidentBytes, long ArenaBytes);
