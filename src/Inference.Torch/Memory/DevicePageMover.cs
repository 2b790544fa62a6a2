using System.Runtime.InteropServices;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Torch.Transfers;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>
/// Moves pages of an arena in a device's own memory: within it by copies by index, many rows a launch; to and from the host in pieces, by a
/// stream of its own for each direction, so that steps go on meanwhile.
/// </summary>
internal sealed class DevicePageMover : IPageMover
{
    /// <summary>
    /// Rows moved at a time. Kept rows ascend, so a row's target lies at or before its source and before every later source: a piece may be
    /// read whole, then written, and no piece needs one that came before.
    /// </summary>
    private const int RowsAPiece = 1 << 16;

    private readonly PageArena _arena;
    private readonly ImportStaging _staging;
    private readonly TransferRing _out = null!;
    private readonly TransferRing _in = null!;

    /// <summary>Opens the streams and allocates the staging buffers; where one fails nothing stays.</summary>
    public DevicePageMover(PageArena arena, TransferOptions transfers)
    {
        _arena = arena;
        int page = arena.Geometry.PageBytes;
        _staging = new ImportStaging(arena, transfers.Slots, transfers.UnitsASlot(page));
        try
        {
            _out = new TransferRing(transfers, page);
            _in = new TransferRing(transfers, page);
        }
        catch
        {
            _out?.Dispose();
            _staging.Dispose();
            throw;
        }
    }

    /// <summary>Called before rows or pages are moved within the arena, with their number; tests make it fail.</summary>
    public Action<int>? BeforeMove { get; set; }

    /// <inheritdoc/>
    public long StagingBytes => _out.HostBytes + _in.HostBytes + _staging.Bytes;

    /// <inheritdoc/>
    public void Export(ReadOnlySpan<int> pages, Span<byte> destination)
    {
        using DisposeScope scope = NewDisposeScope();
        new OutboundTransfer(_out, new OutboundPages(_arena, Tensors.FromInts(pages, _arena.Device))).Run(destination);
    }

    /// <inheritdoc/>
    public void Import(ReadOnlySpan<int> pages, ReadOnlySpan<byte> source)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor index = Tensors.FromInts(pages, _arena.Device).to(ScalarType.Int64);
        new InboundTransfer(_in, new InboundPages(_arena, _staging, index)).Run(source);
    }

    /// <inheritdoc/>
    public void Read(Tensor tensor, Span<byte> destination)
    {
        using DisposeScope scope = NewDisposeScope();
        new OutboundTransfer(_out, new OutboundRows(tensor.view(tensor.shape[0], -1))).Run(destination);
    }

    /// <inheritdoc/>
    public void Copy(ReadOnlySpan<int> from, ReadOnlySpan<int> to)
    {
        var moves = new RowMoves(Math.Max(1, RowsAPiece / _arena.Geometry.PageTokens), MovePages, apart: true);
        for (int i = 0; i < from.Length; i++)
        {
            moves.Add(from[i], to[i]);
        }

        moves.Flush();
    }

    /// <inheritdoc/>
    public void Compact(IReadOnlyList<HeadCompaction> heads)
    {
        var moves = new RowMoves(RowsAPiece, MoveRows);
        foreach (HeadCompaction head in heads)
        {
            moves.Add(head.KeyPages.Span, head.Kept.Span, _arena.Geometry.PageTokens);
            moves.Add(head.ValuePages.Span, head.Kept.Span, _arena.Geometry.PageTokens);
        }

        moves.Flush();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _out.Dispose();
        _in.Dispose();
        _staging.Dispose();
    }

    private void MovePages(ReadOnlySpan<long> from, ReadOnlySpan<long> to)
    {
        using DisposeScope scope = NewDisposeScope();
        Move(_arena.RowPages, _arena.ScalePages, from, to);
    }

    private void MoveRows(ReadOnlySpan<long> from, ReadOnlySpan<long> to) => Move(_arena.Rows, _arena.Scales, from, to);

    private void Move(Tensor rows, Tensor? scales, ReadOnlySpan<long> from, ReadOnlySpan<long> to)
    {
        BeforeMove?.Invoke(from.Length);
        using DisposeScope scope = NewDisposeScope();
        Tensor source = Tensors.FromLongs(from, _arena.Device);
        Tensor target = Tensors.FromLongs(to, _arena.Device);

        // Everything that takes memory comes before the first write: a piece is moved whole or not at all.
        Tensor movedRows = rows.index_select(0, source);
        Tensor? movedScales = scales?.index_select(0, source);
        rows.index_copy_(0, target, movedRows);
        scales?.index_copy_(0, target, movedScales!);
    }
}
