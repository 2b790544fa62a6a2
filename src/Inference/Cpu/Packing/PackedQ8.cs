using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu.Packing;

/// <summary>Q8_0 panels. Per block of 32 inputs: 32 half scales, then for each input the 32 rows' signed bytes.</summary>
internal sealed unsafe class PackedQ8 : PackedMatrix
{
    private const int Block = 32;
    private const int HeaderBytes = PanelRows * 2;
    private const int PackedBlockBytes = HeaderBytes + (PanelRows * Block);

    private readonly NativeBuffer _data;
    private readonly int _blocks;

    public PackedQ8(WeightMatrix source)
        : base(source.Rows, source.Columns)
    {
        _blocks = Columns / Block;
        _data = new NativeBuffer((long)Panels * _blocks * PackedBlockBytes / sizeof(float));
        _data.Clear();
        for (int r = 0; r < Rows; r++)
        {
            int lane = r % PanelRows;
            fixed (byte* row = source.Row(r))
            {
                for (int b = 0; b < _blocks; b++)
                {
                    byte* from = row + (b * (2 + Block));
                    byte* block = BlockAt(r / PanelRows, b);
                    ((ushort*)block)[lane] = *(ushort*)from;
                    byte* to = block + HeaderBytes + lane;
                    for (int j = 0; j < Block; j++)
                    {
                        to[j * PanelRows] = from[2 + j];
                    }
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
        for (int b = column / Block; b < (column + count) / Block; b++)
        {
            byte* block = BlockAt(panel, b);
            Vector512<float> scale0 = HalfFloats.LoadF16((ushort*)block);
            Vector512<float> scale1 = HalfFloats.LoadF16((ushort*)block + 16);
            sbyte* q = (sbyte*)(block + HeaderBytes);
            for (int j = 0; j < Block; j++, q += PanelRows, to += PanelRows)
            {
                (scale0 * Load(q)).Store(to);
                (scale1 * Load(q + 16)).Store(to + 16);
            }
        }

        return scratch;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void MultiplyVector(int panel, float* x, float* blockSums, float* y, bool accumulate)
    {
        Vector512<float> sum0 = Vector512<float>.Zero, sum1 = sum0;
        byte* block = BlockAt(panel, 0);
        for (int b = 0; b < _blocks; b++, block += PackedBlockBytes, x += Block)
        {
            sbyte* q = (sbyte*)(block + HeaderBytes);
            Vector512<float> a0 = Vector512<float>.Zero, a1 = a0, c0 = a0, c1 = a0;
            for (int j = 0; j < Block; j += 2, q += 2 * PanelRows)
            {
                Vector512<float> xa = Vector512.Create(x[j]);
                Vector512<float> xb = Vector512.Create(x[j + 1]);
                a0 = Vector512.FusedMultiplyAdd(xa, Load(q), a0);
                a1 = Vector512.FusedMultiplyAdd(xa, Load(q + 16), a1);
                c0 = Vector512.FusedMultiplyAdd(xb, Load(q + 32), c0);
                c1 = Vector512.FusedMultiplyAdd(xb, Load(q + 48), c1);
            }

            sum0 = Vector512.FusedMultiplyAdd(HalfFloats.LoadF16((ushort*)block), a0 + c0, sum0);
            sum1 = Vector512.FusedMultiplyAdd(HalfFloats.LoadF16((ushort*)block + 16), a1 + c1, sum1);
        }

        PanelOutput.Store(sum0, sum1, y, accumulate);
    }

    public override void MultiplyRows(int panel, int column, int count, float* x, nint ldx, float* y, nint ldy, int rows, bool accumulate) =>
        RowTiles<SignedBytes>.Multiply(
            new PanelBlocks(BlockAt(panel, column / Block), count / Block, PackedBlockBytes, HeaderBytes, hasMinimum: false),
            x,
            ldx,
            y,
            ldy,
            rows,
            accumulate);

    public override void Dispose() => _data.Dispose();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Load(sbyte* q) => Vector512.ConvertToSingle(
        Avx512F.IsSupported
            ? Avx512F.ConvertToVector512Int32(Vector128.Load(q))
            : Vector512.WidenLower(Vector512.WidenLower(Vector512.Create(Vector256.Create(Vector128.Load(q), default), default))));

    private byte* BlockAt(int panel, int block) => (byte*)_data.Data + ((((long)panel * _blocks) + block) * PackedBlockBytes);

    private readonly struct SignedBytes : IPanelCode
    {
        public static Vector512<float> Table => default;

        public static int SecondHalf => Block / 2 * PanelRows;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> First(byte* codes, Vector512<float> table) => Load((sbyte*)codes);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Second(byte* codes, Vector512<float> table) => Load((sbyte*)codes);
    }
}
