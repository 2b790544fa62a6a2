using KVCluster.Inference.Kv;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Memory;

/// <content>Compaction in place, and copies of whole pages.</content>
internal sealed partial class TorchPageStore
{
    /// <summary>Biases moved at a time, under the rule of <see cref="DevicePageMover"/>'s rows.</summary>
    private const int BiasesAPiece = 1 << 16;

    /// <inheritdoc/>
    public void CopyPages(ReadOnlySpan<int> from, ReadOnlySpan<int> to)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(to.Length, from.Length);
        CheckPages(from);
        CheckPages(to);
        _mover.Copy(from, to);
        for (int i = 0; i < from.Length && !_biases.IsEmpty; i++)
        {
            if (_biases.Holds(from[i]))
            {
                _biases.Copy(from[i], to[i]);
            }
            else
            {
                _biases.Forget(to[i]);
            }
        }
    }

    /// <inheritdoc/>
    public void Compact(IReadOnlyList<HeadCompaction> heads)
    {
        ArgumentNullException.ThrowIfNull(heads);
        foreach (HeadCompaction head in heads)
        {
            CheckHead(head);
        }

        _mover.Compact(heads);
        var biases = new RowMoves(BiasesAPiece, MoveBiases);
        foreach (HeadCompaction head in heads)
        {
            if (!head.BiasPages.IsEmpty)
            {
                biases.Add(Array.ConvertAll(head.BiasPages.ToArray(), BiasRow), head.Kept.Span, Geometry.BiasSlots);
            }
        }

        biases.Flush();
    }

    private void MoveBiases(ReadOnlySpan<long> from, ReadOnlySpan<long> to)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor biases = Biases;
        biases.index_copy_(0, Tensors.FromLongs(to, _device), biases.index_select(0, Tensors.FromLongs(from, _device)));
    }

    private void CheckHead(HeadCompaction head)
    {
        head.Check(Geometry);
        CheckPages(head.KeyPages.Span);
        CheckPages(head.ValuePages.Span);
        CheckPages(head.BiasPages.Span);
    }
}
