using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Model;

/// <summary>What a layer's attention starts from.</summary>
/// <param name="Normed">[rows, hidden]: the residual stream, normed.</param>
/// <param name="PlainQueries">[rows, Hq, d] before RoPE.</param>
/// <param name="Queries">[rows, Hq, d], RoPE applied.</param>
/// <param name="Keys">[rows, Hkv, d], RoPE applied.</param>
/// <param name="Values">[rows, Hkv, d]</param>
internal sealed record ProjectedRows(Tensor Normed, Tensor PlainQueries, Tensor Queries, Tensor Keys, Tensor Values);
