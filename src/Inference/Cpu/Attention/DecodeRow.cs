using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Cpu.Attention;

/// <summary>One query token of a decode step.</summary>
/// <param name="Cache">Its sequence; lengths are those before this step.</param>
/// <param name="Row">Row in the step's activations.</param>
/// <param name="Offset">Tokens of the same step that came before it in its sequence; their slots are written already.</param>
internal readonly record struct DecodeRow(KvCache Cache, int Row, int Offset);
