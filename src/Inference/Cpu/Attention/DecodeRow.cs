using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Cpu.Attention;

/// <summary>One query token of a decode step, the only one of its sequence.</summary>
/// <param name="Cache">Its sequence; lengths are those before this step.</param>
/// <param name="Row">Row in the step's activations.</param>
internal readonly record struct DecodeRow(KvCache Cache, int Row);
