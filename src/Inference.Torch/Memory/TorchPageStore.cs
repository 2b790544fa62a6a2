using System.Runtime.InteropServices;
using KVCluster.Inference.Kv;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>
/// The arena as one device tensor [pages, PageTokens * headSize] of the KV element type, zeroed at first so that no stale number is ever a
/// NaN of nobody; int8 scales [pages, PageTokens] lie beside it. Whatever moves, moves on the device, many rows a launch.
/// </summary>
internal sealed partial class TorchPageStore : IKvPageStore, IDisposable
{
    private readonly Device _device;
    private readonly Tensor _rows;
    private readonly Tensor? _scales;
    private readonly BiasPages _biases;
    private readonly Lock _gate = new();
    private readonly int _rowPageBytes;

    /// <summary>Reserves <paramref name="pageCount"/> pages on the device.</summary>
    public TorchPageStore(KvGeometry geometry, int pageCount, TorchDevice device)
    {
        Geometry = geometry;
        PageCount = pageCount;
        _device = device.Handle;
        _rowPageBytes = geometry.PageTokens * geometry.RowBytes;
        if (geometry.PageBytes != _rowPageBytes + (geometry.PageTokens * geometry.ScaleBytes))
        {
            throw new InputException(
                $"a head size of {geometry.HeadSize} leaves gaps in the pages of {geometry.ElementType}: this backend has none");
        }

        using DisposeScope scope = NewDisposeScope();
        ScalarType type = RowCodec.TypeOf(geometry.ElementType);
        _rows = zeros([(long)pageCount * geometry.PageTokens, geometry.HeadSize], type, _device).Keep();
        try
        {
            _scales = IsQuantised ? zeros([(long)pageCount * geometry.PageTokens], ScalarType.Float32, _device).Keep() : null;
            _biases = new BiasPages(geometry, _device);
        }
        catch
        {
            _rows.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public KvGeometry Geometry { get; }

    /// <inheritdoc/>
    public int PageCount { get; }

    /// <summary>Bytes of the arena.</summary>
    public long Bytes => _rows.BytesOf() + (_scales?.BytesOf() ?? 0);

    /// <summary>Bytes held beside the arena: the floats of bias pages.</summary>
    public long SideBytes => _biases.Bytes;

    /// <summary>Biases of all bias pages as one list; see <see cref="BiasRow"/>.</summary>
    public Tensor Biases => _biases.Flat;

    private bool IsQuantised => Geometry.ElementType == KvElementType.Int8;

    /// <summary>Encodes rows [n, d] into the rows numbered page * PageTokens + row, [n].</summary>
    public void WriteRows(Tensor index, Tensor rows)
    {
        if (!IsQuantised)
        {
            _rows.index_copy_(0, index, rows.to(_rows.dtype));
            return;
        }

        (Tensor quants, Tensor scales) = RowCodec.Quantise(rows);
        _rows.index_copy_(0, index, quants);
        _scales!.index_copy_(0, index, scales);
    }

    /// <summary>Decodes rows by number, [n] to [n, d] of <paramref name="type"/>.</summary>
    public Tensor ReadRows(Tensor index, ScalarType type) => Decode(
        _rows.index_select(0, index), IsQuantised ? _scales!.index_select(0, index).unsqueeze(-1) : null, type);

    /// <summary>Decodes whole pages, [lanes, pages] to [lanes, pages * PageTokens, d] of <paramref name="type"/>.</summary>
    public Tensor ReadPages(Tensor pages, ScalarType type)
    {
        long lanes = pages.shape[0];
        long slots = pages.shape[1] * Geometry.PageTokens;
        Tensor flat = pages.reshape(-1);
        Tensor rows = _rows.view(PageCount, -1).index_select(0, flat).view(lanes, slots, Geometry.HeadSize);
        Tensor? scales = IsQuantised ? _scales!.view(PageCount, -1).index_select(0, flat).view(lanes, slots, 1) : null;
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
            var floats = new float[Geometry.BiasSlots];
            ExportRows([page], MemoryMarshal.AsBytes(floats.AsSpan()));
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
        _rows.Dispose();
        _scales?.Dispose();
        _biases.Dispose();
    }

    private static Tensor Decode(Tensor rows, Tensor? scales, ScalarType type) =>
        scales is null ? rows.to(type) : rows.to(ScalarType.Float32).mul_(scales).to(type);

    private void CheckPages(ReadOnlySpan<int> pages)
    {
        ObjectDisposedException.ThrowIf(_rows.IsInvalid, this);
        foreach (int page in pages)
        {
            if ((uint)page >= (uint)PageCount)
            {
                throw new ArgumentOutOfRangeException(nameof(pages), page, $"the arena has {PageCount} pages");
            }
        }
    }
}
