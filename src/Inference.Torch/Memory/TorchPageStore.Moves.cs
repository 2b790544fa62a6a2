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
    /// <exception cref="ArenaFullException">The device had no memory left for the copies; the targets hold anything.</exception>
    public void CopyPages(ReadOnlySpan<int> from, ReadOnlySpan<int> to)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(to.Length, from.Length);
        CheckPages(from);
        CheckPages(to);
        try
        {
            _mover.Copy(from, to);
            CopyBiases(from, to);
        }
        catch (Exception e) when (DeviceMemory.IsExhausted(e))
        {
            throw new ArenaFullException(1, _ledger());
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArenaFullException">The device had no memory left to move a single row; none has moved.</exception>
    public void Compact(IReadOnlyList<HeadCompaction> heads)
    {
        ArgumentNullException.ThrowIfNull(heads);
        foreach (HeadCompaction head in heads)
        {
            CheckHead(head);
        }

        int[][] biasRows;
        try
        {
            biasRows = [.. heads.Select(h => Array.ConvertAll(h.BiasPages.ToArray(), BiasRow))];
            _mover.Compact(heads);
        }
        catch (Exception e) when (DeviceMemory.IsExhausted(e))
        {
            throw new ArenaFullException(1, _ledger());
        }

        var biases = new RowMoves(BiasesAPiece, MoveBiases);
        for (int i = 0; i < heads.Count; i++)
        {
            if (biasRows[i].Length > 0)
            {
                biases.Add(biasRows[i], heads[i].Kept.Span, Geometry.BiasSlots);
            }
        }

        biases.Flush();
    }

    private void CopyBiases(ReadOnlySpan<int> from, ReadOnlySpan<int> to)
    {
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
