using System.Runtime.InteropServices;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Torch.Transfers;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>The arena of a device as a page store: rows are encoded and decoded on the device, and moved by an <see cref="IPageMover"/>.</summary>
internal sealed partial class TorchPageStore : IKvPageStore, IDisposable
{
    private readonly Device _device;
    private readonly PageArena _arena;
    private readonly BiasPages _biases;
    private readonly IPageMover _mover;
    private readonly Func<LedgerSnapshot> _ledger;

    /// <summary>Reserves <paramref name="pageCount"/> pages on the device.</summary>
    /// <param name="geometry">Shape of the pages.</param>
    /// <param name="pageCount">How many.</param>
    /// <param name="device">Where.</param>
    /// <param name="ledger">What an arena without room for a transfer shows.</param>
    /// <param name="transfers">How pages travel to the host and back; null: the arena is in the host's memory.</param>
    public TorchPageStore(KvGeometry geometry, int pageCount, TorchDevice device, Func<LedgerSnapshot> ledger, TransferOptions? transfers)
    {
        Geometry = geometry;
        PageCount = pageCount;
        _device = device.Handle;
        _ledger = ledger;
        _arena = new PageArena(geometry, pageCount, _device);
        _biases = new BiasPages(geometry, _device);
        try
        {
            _mover = transfers is null ? new HostPageMover(_arena) : new DevicePageMover(_arena, transfers);
        }
        catch
        {
            _arena.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public KvGeometry Geometry { get; }

    /// <inheritdoc/>
    public int PageCount { get; }

    /// <summary>Bytes of the arena.</summary>
    public long Bytes => _arena.Bytes;

    /// <summary>Bytes held beside the arena: the floats of bias pages, and buffers for pages that travel, on the device and page-locked.</summary>
    public long SideBytes => _biases.Bytes + _mover.StagingBytes;

    /// <summary>Biases of all bias pages as one list; see <see cref="BiasRow"/>.</summary>
    public Tensor Biases => _biases.Flat;

    /// <summary>See <see cref="DevicePageMover.BeforeMove"/>; an arena in the host's memory needs none for its moves.</summary>
    internal Action<int>? BeforeMove
    {
        set => _ = _mover is DevicePageMover mover ? mover.BeforeMove = value : null;
    }

    private bool IsQuantised => Geometry.ElementType == KvElementType.Int8;

    /// <summary>Encodes rows [n, d] into the rows numbered page * PageTokens + row, [n].</summary>
    public void WriteRows(Tensor index, Tensor rows)
    {
        if (!IsQuantised)
        {
            _arena.Rows.index_copy_(0, index, rows.to(_arena.Rows.dtype));
            return;
        }

        (Tensor quants, Tensor scales) = RowCodec.Quantise(rows);
        _arena.Rows.index_copy_(0, index, quants);
        _arena.Scales!.index_copy_(0, index, scales);
    }

    /// <summary>Decodes rows by number, [n] to [n, d] of <paramref name="type"/>.</summary>
    public Tensor ReadRows(Tensor index, ScalarType type) => Decode(
        _arena.Rows.index_select(0, index), IsQuantised ? _arena.Scales!.index_select(0, index).unsqueeze(-1) : null, type);

    /// <summary>Decodes whole pages, [lanes, pages] to [lanes, pages * PageTokens, d] of <paramref name="type"/>.</summary>
    public Tensor ReadPages(Tensor pages, ScalarType type)
    {
        long lanes = pages.shape[0];
        long slots = pages.shape[1] * Geometry.PageTokens;
        Tensor flat = pages.reshape(-1);
        Tensor rows = _arena.RowPages.index_select(0, flat).view(lanes, slots, Geometry.HeadSize);
        Tensor? scales = IsQuantised ? _arena.ScalePages!.index_select(0, flat).view(lanes, slots, 1) : null;
        return Decode(rows, scales, type);
    }

    /// <summary>These pages hold rows from here on, whatever they held.</summary>
    public void HoldRows(ReadOnlySpan<int> pages)
    {
        if (_biases.IsEmpty)
        {
            return;
        }

        foreach (int page in pages)
        {
            _biases.Forget(page);
        }
    }

    /// <summary>Where a bias page's floats begin in <see cref="Biases"/>, in units of BiasSlots; an imported page is brought there first.</summary>
    public int BiasRow(int page)
    {
        if (!_biases.Holds(page))
        {
            // By compute's own queue: whoever computes does not wait for the transfers of others.
            using DisposeScope scope = NewDisposeScope();
            var floats = new float[Geometry.BiasSlots];
            Span<byte> bytes = MemoryMarshal.AsBytes(floats.AsSpan());
            _arena.RowPages[page].cpu().bytes.CopyTo(bytes);
            _arena.ScalePages?[page].cpu().bytes.CopyTo(bytes[_arena.RowPageBytes..]);
            _biases.Write(page, 0, floats);
        }

        return _biases.Row(page);
    }

    /// <summary>Biases of a head's bias pages, from its first slot on.</summary>
    public void ReadBiases(ReadOnlySpan<int> pages, Span<float> destination)
    {
        for (int done = 0; done < destination.Length; done += Geometry.BiasSlots)
        {
            int page = pages[done / Geometry.BiasSlots];
            BiasRow(page);
            _biases.TryRead(page, destination.Slice(done, Math.Min(Geometry.BiasSlots, destination.Length - done)));
        }
    }

    /// <inheritdoc/>
    public void WriteBiases(int page, int slot, ReadOnlySpan<float> biases)
    {
        CheckPages([page]);
        BiasRow(page);
        _biases.Write(page, slot, biases);
    }

    /// <inheritdoc/>
    public void ClearBiases(int page, int slot, int count)
    {
        CheckPages([page]);
        BiasRow(page);
        _biases.Clear(page, slot, count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _mover.Dispose();
        _arena.Dispose();
        _biases.Dispose();
    }

    private static Tensor Decode(Tensor rows, Tensor? scales, ScalarType type) =>
        scales is null ? rows.to(type) : rows.to(ScalarType.Float32).mul_(scales).to(type);

    private void CheckPages(ReadOnlySpan<int> pages)
    {
        ObjectDisposedException.ThrowIf(_arena.Rows.IsInvalid, this);
        foreach (int page in pages)
        {
            if ((uint)page >= (uint)PageCount)
            {
                throw new ArgumentOutOfRangeException(nameof(pages), page, $"the arena has {PageCount} pages");
            }
        }
    }
}
