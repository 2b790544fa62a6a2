using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using KVCluster.Compression.Policies;

namespace KVCluster.Inference.Cpu;

/// <summary>Magnitudes of values behind panels of 32 outputs, gathered panel by panel.</summary>
internal static unsafe class ProjectedNorm
{
    /// <summary>Values taken at a time.</summary>
    public const int TileSlots = 48;

    /// <summary>Sums kept of each value.</summary>
    public const int Lanes = 16;

    /// <summary>Floats of working memory for a tile, its sums apart.</summary>
    public const int TileFloats = TileSlots * Panel;

    private const int Panel = GemmKernel.PanelColumns;

    /// <summary>
    /// Adds |x| or x^2 of the outputs x of a panel [count, 32] to the sums [rows, 16] of values [rows, count] that are
    /// <paramref name="stride"/> apart, at most <see cref="TileSlots"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddPanel(float* values, nint stride, float* panel, int rows, int count, VectorNorm norm, float* tile, float* sums)
    {
        GemmKernel.Multiply32(values, stride, panel, Panel, tile, Panel, rows, count, accumulate: false);
        AddMagnitudes(tile, rows, norm == VectorNorm.L2, sums);
    }

    /// <summary>A value's norm from its sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Of(float* sums, VectorNorm norm)
    {
        float sum = Vector512.Sum(Vector512.Load(sums));
        return norm == VectorNorm.L2 ? MathF.Sqrt(sum) : sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddMagnitudes(float* tile, int rows, bool squares, float* sums)
    {
        for (int i = 0; i < rows; i++, tile += Panel, sums += Lanes)
        {
            Vector512<float> low = Vector512.Load(tile);
            Vector512<float> high = Vector512.Load(tile + Lanes);
            Vector512<float> both = squares ? (low * low) + (high * high) : Vector512.Abs(low) + Vector512.Abs(high);
            (Vector512.Load(sums) + both).Store(sums);
        }
    }
}
