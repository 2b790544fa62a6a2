using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu.Packing;

/// <summary>
/// A weight matrix [Rows, Columns] arranged once for the kernels: panels of 32 rows (32 outputs side by side in two vector registers), each
/// in the matrix's own encoding, so it takes the bytes it took in its file. Rows beyond the last are zero.
/// </summary>
internal abstract class PackedMatrix : IDisposable
{
    public const int PanelRows = GemmKernel.PanelColumns;

    /// <summary>Inputs dequantised at a time: a panel of this depth stays in the first-level cache.</summary>
    private const int PreferredDepth = 320;

    protected PackedMatrix(int rows, int columns)
    {
        Rows = rows;
        Columns = columns;
        Panels = (rows + PanelRows - 1) / PanelRows;
    }

    public int Rows { get; }

    public int Columns { get; }

    public int Panels { get; }

    /// <summary>Bytes of the arranged weights.</summary>
    public abstract long Bytes { get; }

    /// <summary>Inputs a caller should take at a time; a multiple of the encoding's block.</summary>
    public int Depth => DepthFor(Columns, BlockColumns);

    /// <summary>Inputs that one block of the encoding covers.</summary>
    public abstract int BlockColumns { get; }

    /// <summary>True where <see cref="MultiplyVector"/> beats expanding panels for a single row.</summary>
    public virtual bool HasVectorKernel => false;

    /// <summary>Rows below which <see cref="MultiplyRows"/> beats expanding panels; 0 where the encoding has no such kernel.</summary>
    public virtual int RowsKernelLimit => 0;

    /// <summary>
    /// y[rows, 32] (+)= panel * x over inputs [column, column + count), x pointing at the first of them: the very sums that expanding and
    /// <see cref="GemmKernel.Multiply32"/> give.
    /// </summary>
    public virtual unsafe void MultiplyRows(
        int panel, int column, int count, float* x, nint ldx, float* y, nint ldy, int rows, bool accumulate) =>
        throw new NotSupportedException("this encoding has no kernel for few rows");

    /// <summary>
    /// Gives inputs [column, column + count) of a panel as float32 [count, 32]: expanded into <paramref name="scratch"/>, or in place.
    /// </summary>
    public abstract unsafe float* Expand(int panel, int column, int count, float* scratch);

    /// <summary>y[32] (+)= panel * x. <paramref name="blockSums"/>: sums of x over blocks of 32 inputs.</summary>
    public virtual unsafe void MultiplyVector(int panel, float* x, float* blockSums, float* y, bool accumulate) =>
        throw new NotSupportedException("this encoding has no vector kernel");

    public abstract void Dispose();

    /// <summary>Arranges a matrix and lets the file's own pages go.</summary>
    public static PackedMatrix Pack(WeightMatrix source)
    {
        PackedMatrix packed = source.Type switch
        {
            ElementType.F32 => new PackedF32(source),
            ElementType.F16 or ElementType.BF16 => new Packed16(source),
            ElementType.Q4_0 or ElementType.Q4_1 => new PackedQ4(source),
            ElementType.Q8_0 => new PackedQ8(source),
            _ => new MappedWeights(source),
        };
        if (packed is not MappedWeights)
        {
            source.ReleaseResidentPages();
        }

        return packed;
    }

    private static int DepthFor(int columns, int block)
    {
        int pieces = (columns + PreferredDepth - 1) / PreferredDepth;
        int depth = (columns + pieces - 1) / pieces;
        return (depth + block - 1) / block * block;
    }
}
