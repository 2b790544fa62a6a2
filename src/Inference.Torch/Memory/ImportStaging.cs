using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>
/// Device memory that imported pages reach by a stream of their own, one part for each slot of the ring. Kept for good: memory from libtorch's
/// allocator may still be in use by compute that was queued before, which another stream does not wait for.
/// </summary>
internal sealed class ImportStaging : IDisposable
{
    private readonly Tensor _rows;
    private readonly Tensor? _scales;

    /// <summary>Allocates room for <paramref name="pages"/> pages a slot.</summary>
    public ImportStaging(PageArena arena, int slots, int pages)
    {
        using DisposeScope scope = NewDisposeScope();
        int tokens = arena.Geometry.PageTokens;
        Tensor rows = empty([slots, pages, (long)tokens * arena.Geometry.HeadSize], arena.Rows.dtype, arena.Device);
        _scales = arena.Scales is null ? null : empty([slots, pages, tokens], ScalarType.Float32, arena.Device).Keep();
        _rows = rows.Keep();
    }

    public long Bytes => _rows.BytesOf() + (_scales?.BytesOf() ?? 0);

    /// <summary>Numbers of a slot's first pages, [count, PageTokens * headSize]; belongs to the current dispose scope.</summary>
    public Tensor Rows(int slot, int count) => _rows[slot].narrow(0, 0, count);

    /// <summary>Scales of a slot's first pages, [count, PageTokens]; null where there are none.</summary>
    public Tensor? Scales(int slot, int count) => _scales?[slot].narrow(0, 0, count);

    public void Dispose()
    {
        _rows.Dispose();
        _scales?.Dispose();
    }
}
