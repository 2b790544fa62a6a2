using KVCluster.Inference.Torch.Attention;

namespace KVCluster.Inference.Torch.Passes;

/// <summary>Rows of a step that attend together.</summary>
/// <param name="First">The first row, where they lie side by side; else negative.</param>
/// <param name="Count">Tokens of a chunk, or sequences with a token each.</param>
/// <param name="Rows">[count] row numbers of single tokens in the index buffer; negative for a chunk.</param>
/// <param name="Layers">Groups of lanes of each layer.</param>
internal sealed record AttentionJob(int First, int Count, int Rows, LaneGroup[][] Layers)
{
    public bool IsChunk => Rows < 0;
}
