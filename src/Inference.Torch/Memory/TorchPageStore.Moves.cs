using KVCluster.Inference.Kv;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Memory;

/// <content>Compaction in place, and copies of whole pages.</content>
internal sealed partial class TorchPageStore
{
    /// <summary>
    /// Rows moved at a time. Kept rows ascend, so a row's target lies at or before its source and before every later source: a piece may be
    /// read whole, then written, and no piece needs one that came before.
    /// </summary>
    private const int RowsAPiece = 1 << 16;

    /// <inheritdoc/>
    public void CopyPages(ReadOnlySpan<int> from, ReadOnlySpan<int> to)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(to.Length, from.Length);
        CheckPages(from);
        CheckPages(to);
        using DisposeScope scope = NewDisposeScope();
        Tensor source = Tensors.FromInts(from, _device);
        Tensor target = Tensors.FromInts(to, _device).to(ScalarType.Int64);
        Tensor pages = _rows.view(PageCount, -1);
        pages.index_copy_(0, target, pages.index_select(0, source));
        Tensor? scales = _scales?.view(PageCount, -1);
        scales?.index_copy_(0, target, scales.index_select(0, source));
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

        var rows = new RowMoves(RowsAPiece, MoveRows);
        var biases = new RowMoves(RowsAPiece, MoveBiases);
        foreach (HeadCompaction head in heads)
        {
            AddRows(rows, head.KeyPages.Span, head.Kept.Span, Geometry.PageTokens);
            AddRows(rows, head.ValuePages.Span, head.Kept.Span, Geometry.PageTokens);
            if (!head.BiasPages.IsEmpty)
            {
                int[] table = Array.ConvertAll(head.BiasPages.ToArray(), BiasRow);
                AddRows(biases, table, head.Kept.Span, Geometry.BiasSlots);
            }
        }

        rows.Flush();
        biases.Flush();
    }

    private static void AddRows(RowMoves moves, ReadOnlySpan<int> pages, ReadOnlySpan<int> kept, int pageRows)
    {
        for (int i = 0; i < kept.Length; i++)
        {
            int source = kept[i];
            if (source != i)
            {
                moves.Add(((long)pages[source / pageRows] * pageRows) + (source % pageRows), ((long)pages[i / pageRows] * pageRows) + (i % pageRows));
            }
        }
    }

    private void MoveRows(ReadOnlySpan<long> from, ReadOnlySpan<long> to)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor source = Tensors.FromLongs(from, _device);
        Tensor target = Tensors.FromLongs(to, _device);
        _rows.index_copy_(0, target, _rows.index_select(0, source));
        _scales?.index_copy_(0, target, _scales.index_select(0, source));
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
