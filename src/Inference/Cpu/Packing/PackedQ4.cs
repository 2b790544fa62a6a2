using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu.Packing;

/// <summary>
/// Q4_0 and Q4_1 panels. Per block of 32 inputs: 32 half scales, (Q4_1) 32 half minima, then for j = 0..15 the 32 rows' bytes j, whose
/// low nibble is input j and whose high nibble is input j + 16, as in the file.
/// </summary>
internal sealed unsafe class PackedQ4 : PackedMatrix
{
    private const int Block = 32;

    private readonly NativeBuffer _data;
    private readonly bool _hasMinimum;
    private readonly int _headerBytes;
    private readonly int _blockBytes;
    private readonly int _blocks;

    public PackedQ4(WeightMatrix source)
        : base(source.Rows, source.Columns)
    {
        _hasMinimum = source.Type == ElementType.Q4_1;
        _headerBytes = PanelRows * (_hasMinimum ? 4 : 2);
        _blockBytes = _headerBytes + (PanelRows * Block / 2);
        _blocks = Columns / Block;
        _data = new NativeBuffer((long)Panels * _blocks * _blockBytes / sizeof(float));
        _data.Clear();
        int rowHeader = _hasMinimum ? 4 : 2;
        for (int r = 0; r < Rows; r++)
        {
            fixed (byte* from = source.Row(r))
            {
                for (int b = 0; b < _blocks; b++)
                {
                    PackBlock(from + (b * (rowHeader + 16)), rowHeader, BlockAt(r / PanelRows, b), r % PanelRows);
                }
            }
        }
    }

    public override long Bytes => _data.Bytes;

    public override bool HasVectorKernel => true;

    public override int RowsKernelLimit => Vector512.IsHardwareAccelerated ? 32 : 0;

    public override int BlockColumns => Block;

    public override float* Expand(int panel, int column, int count, float* scratch)
    {
        float* to = scratch;
        Vector512<float> table = Table;
        for (int b = column / Block; b < (column + count) / Block; b++, to += Block * PanelRows)
        {
            byte* block = BlockAt(panel, b);
            for (int half = 0; half < 2; half++)
            {
                Vector512<float> scale = HalfFloats.LoadF16((ushort*)block + (16 * half));
                Vector512<float> minimum = Minimum(block, half);
                byte* bytes = block + _headerBytes + (16 * half);
                float* low = to + (16 * half);
                for (int j = 0; j < 16; j++, bytes += PanelRows, low += PanelRows)
                {
                    Vector512<int> nibbles = Widen(bytes);
                    Vector512.FusedMultiplyAdd(scale, Lookup(table, nibbles), minimum).Store(low);
                    Vector512.FusedMultiplyAdd(scale, Lookup(table, nibbles >>> 4), minimum).Store(low + (16 * PanelRows));
                }
            }
        }

        return scratch;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void MultiplyVector(int panel, float* x, float* blockSums, float* y, bool accumulate)
    {
        Vector512<float> table = Table;
        Vector512<float> sum0 = Vector512<float>.Zero, sum1 = sum0;
        byte* block = BlockAt(panel, 0);
        for (int b = 0; b < _blocks; b++, block += _blockBytes, x += Block)
        {
            byte* bytes = block + _headerBytes;
            Vector512<float> a0 = Vector512<float>.Zero, a1 = a0, c0 = a0, c1 = a0;
            for (int j = 0; j < 16; j++, bytes += PanelRows)
            {
                Vector512<float> xl = Vector512.Create(x[j]);
                Vector512<float> xh = Vector512.Create(x[j + 16]);
                Vector512<int> n0 = Widen(bytes);
                Vector512<int> n1 = Widen(bytes + 16);
                a0 = Vector512.FusedMultiplyAdd(xl, Lookup(table, n0), a0);
                a1 = Vector512.FusedMultiplyAdd(xl, Lookup(table, n1), a1);
                c0 = Vector512.FusedMultiplyAdd(xh, Lookup(table, n0 >>> 4), c0);
                c1 = Vector512.FusedMultiplyAdd(xh, Lookup(table, n1 >>> 4), c1);
            }

            sum0 = Vector512.FusedMultiplyAdd(HalfFloats.LoadF16((ushort*)block), a0 + c0, sum0);
            sum1 = Vector512.FusedMultiplyAdd(HalfFloats.LoadF16((ushort*)block + 16), a1 + c1, sum1);
            if (_hasMinimum)
            {
                Vector512<float> xSum = Vector512.Create(blockSums[b]);
                sum0 = Vector512.FusedMultiplyAdd(Minimum(block, 0), xSum, sum0);
                sum1 = Vector512.FusedMultiplyAdd(Minimum(block, 1), xSum, sum1);
            }
        }

        PanelOutput.Store(sum0, sum1, y, accumulate);
    }

    public override void MultiplyRows(int panel, int column, int count, float* x, nint ldx, float* y, nint ldy, int rows, bool accumulate)
    {
        var blocks = new PanelBlocks(BlockAt(panel, column / Block), count / Block, _blockBytes, _headerBytes, _hasMinimum);
        if (_hasMinimum)
        {
            RowTiles<FromZero>.Multiply(blocks, x, ldx, y, ldy, rows, accumulate);
        }
        else
        {
            RowTiles<Symmetric>.Multiply(blocks, x, ldx, y, ldy, rows, accumulate);
        }
    }

    public override void Dispose() => _data.Dispose();

    /// <summary>Value of each nibble before scaling: 0..15, or -8..7 where the type is symmetric.</summary>
    private Vector512<float> Table => _hasMinimum ? FromZero.Table : Symmetric.Table;

    /// <summary>A table look-up by each lane's low four bits: cheaper than masking and converting.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Lookup(Vector512<float> table, Vector512<int> nibbles) =>
        Avx512F.IsSupported
            ? Avx512F.PermuteVar16x32(table, nibbles)
            : Vector512.ConvertToSingle(nibbles & Vector512.Create(15)) + Vector512.Create(table[0]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Widen(byte* bytes) =>
        Avx512F.IsSupported
            ? Avx512F.ConvertToVector512Int32(Vector128.Load(bytes))
            : Vector512.WidenLower(Vector512.WidenLower(Vector512.Create(Vector256.Create(Vector128.Load(bytes), default), default))).AsInt32();

    private static void PackBlock(byte* from, int headerBytes, byte* block, int row)
    {
        ((ushort*)block)[row] = *(ushort*)from;
        if (headerBytes == 4)
        {
            ((ushort*)block)[PanelRows + row] = *(ushort*)(from + 2);
        }

        byte* to = block + (PanelRows * headerBytes) + row;
        for (int j = 0; j < 16; j++)
        {
            to[j * PanelRows] = from[headerBytes + j];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector512<float> Minimum(byte* block, int half) =>
        _hasMinimum ? HalfFloats.LoadF16((ushort*)block + PanelRows + (16 * half)) : Vector512<float>.Zero;

    private byte* BlockAt(int panel, int block) => (byte*)_data.Data + ((((long)panel * _blocks) + block) * _blockBytes);

    /// <summary>Q4_1: 0 to 15.</summary>
    private readonly struct FromZero : IPanelCode
    {
        public static Vector512<float> Table => Vector512.ConvertToSingle(Vector512<int>.Indices);

        public static int SecondHalf => 0;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> First(byte* codes, Vector512<float> table) => Lookup(table, Widen(codes));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Second(byte* codes, Vector512<float> table) => Lookup(table, Widen(codes) >>> 4);
    }

    /// <summary>Q4_0: -8 to 7.</summary>
    private readonly struct Symmetric : IPanelCode
    {
        public static Vector512<float> Table => FromZero.Table - Vector512.Create(8f);

        public static int SecondHalf => 0;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> First(byte* codes, Vector512<float> table) => FromZero.First(codes, table);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Second(byte* codes, Vector512<float> table) => FromZero.Second(codes, table);
    }
}
