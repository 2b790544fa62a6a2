using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KVCluster.Inference.Cpu.Packing;

/// <summary>Consecutive blocks of a panel: each 32 half scales, then maybe 32 half minima, then codes.</summary>
internal readonly unsafe struct PanelBlocks(byte* start, int count, int blockBytes, int headerBytes, bool hasMinimum)
{
    private readonly bool _hasMinimum = hasMinimum;

    public byte* Start { get; } = start;

    public int Count { get; } = count;

    public int BlockBytes { get; } = blockBytes;

    public int HeaderBytes { get; } = headerBytes;

    /// <summary>Minima of one half of a block's outputs, 0 where the encoding has none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Minimum(byte* block, int half) =>
        _hasMinimum ? HalfFloats.LoadF16((ushort*)block + PackedMatrix.PanelRows + (16 * half)) : Vector512<float>.Zero;
}
