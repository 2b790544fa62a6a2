using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KVCluster.Inference.Cpu.Packing;

/// <summary>
/// A few rows, as decoding together has them: weights are expanded in registers and used at once by all rows, so that they are neither
/// stored nor read again. Sums run in the order of the inputs, as <see cref="GemmKernel"/>'s do.
/// </summary>
/// <typeparam name="TCode">How the weights are written.</typeparam>
internal static unsafe class RowTiles<TCode>
    where TCode : IPanelCode
{
    private const int PanelRows = PackedMatrix.PanelRows;

    /// <summary>How far ahead weights are asked for, in bytes.</summary>
    private const int Distance = 2048;

    /// <summary>Inputs of half a block.</summary>
    private const int Half = 16;

    /// <summary>y[rows, 32] (+)= blocks * x, x and y with row strides.</summary>
    public static void Multiply(in PanelBlocks panel, float* x, nint ldx, float* y, nint ldy, int rows, bool accumulate)
    {
        for (; rows >= 8; rows -= 8, x += 8 * ldx, y += 8 * ldy)
        {
            Tile8(panel, x, ldx, y, ldy, accumulate);
        }

        if (rows >= 4)
        {
            Tile4(panel, x, ldx, y, ldy, accumulate);
            rows -= 4;
            x += 4 * ldx;
            y += 4 * ldy;
        }

        switch (rows)
        {
            case 3:
                Tile3(panel, x, ldx, y, ldy, accumulate);
                break;
            case 2:
                Tile2(panel, x, ldx, y, ldy, accumulate);
                break;
            case 1:
                Tile1(panel, x, y, accumulate);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8(in PanelBlocks panel, float* x, nint ldx, float* y, nint ldy, bool accumulate)
    {
        Vector512<float> table = TCode.Table;
        byte* block = panel.Start;
        nint header = panel.HeaderBytes;
        TileRow r0 = default, r1 = default, r2 = default, r3 = default, r4 = default, r5 = default, r6 = default, r7 = default;
        float* x3 = x + (3 * ldx);
        float* x6 = x + (6 * ldx);
        for (int b = 0; b < panel.Count; b++, block += panel.BlockBytes)
        {
            Vector512<float> s0 = HalfFloats.LoadF16((ushort*)block), s1 = HalfFloats.LoadF16((ushort*)block + 16);
            Vector512<float> m0 = panel.Minimum(block, 0), m1 = panel.Minimum(block, 1);
            Ahead.Fetch(block + Distance, panel.BlockBytes);
            byte* code = block + header;
            for (nint j = 0; j < Half; j++, code += PanelRows)
            {
                Vector512<float> w0 = Vector512.FusedMultiplyAdd(s0, TCode.First(code, table), m0);
                Vector512<float> w1 = Vector512.FusedMultiplyAdd(s1, TCode.First(code + 16, table), m1);
                r0 = r0.Add(x[j], w0, w1);
                r1 = r1.Add(x[j + ldx], w0, w1);
                r2 = r2.Add(x[j + (2 * ldx)], w0, w1);
                r3 = r3.Add(x3[j], w0, w1);
                r4 = r4.Add(x3[j + ldx], w0, w1);
                r5 = r5.Add(x3[j + (2 * ldx)], w0, w1);
                r6 = r6.Add(x6[j], w0, w1);
                r7 = r7.Add(x6[j + ldx], w0, w1);
            }

            code = block + header + TCode.SecondHalf;
            for (nint j = Half; j < 2 * Half; j++, code += PanelRows)
            {
                Vector512<float> w0 = Vector512.FusedMultiplyAdd(s0, TCode.Second(code, table), m0);
                Vector512<float> w1 = Vector512.FusedMultiplyAdd(s1, TCode.Second(code + 16, table), m1);
                r0 = r0.Add(x[j], w0, w1);
                r1 = r1.Add(x[j + ldx], w0, w1);
                r2 = r2.Add(x[j + (2 * ldx)], w0, w1);
                r3 = r3.Add(x3[j], w0, w1);
                r4 = r4.Add(x3[j + ldx], w0, w1);
                r5 = r5.Add(x3[j + (2 * ldx)], w0, w1);
                r6 = r6.Add(x6[j], w0, w1);
                r7 = r7.Add(x6[j + ldx], w0, w1);
            }

            x += 2 * Half;
            x3 += 2 * Half;
            x6 += 2 * Half;
        }

        r0.Store(y, accumulate);
        r1.Store(y + ldy, accumulate);
        r2.Store(y + (2 * ldy), accumulate);
        r3.Store(y + (3 * ldy), accumulate);
        r4.Store(y + (4 * ldy), accumulate);
        r5.Store(y + (5 * ldy), accumulate);
        r6.Store(y + (6 * ldy), accumulate);
        r7.Store(y + (7 * ldy), accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4(in PanelBlocks panel, float* x, nint ldx, float* y, nint ldy, bool accumulate)
    {
        Vector512<float> table = TCode.Table;
        byte* block = panel.Start;
        nint header = panel.HeaderBytes;
        TileRow r0 = default, r1 = default, r2 = default, r3 = default;
        for (int b = 0; b < panel.Count; b++, block += panel.BlockBytes)
        {
            Vector512<float> s0 = HalfFloats.LoadF16((ushort*)block), s1 = HalfFloats.LoadF16((ushort*)block + 16);
            Vector512<float> m0 = panel.Minimum(block, 0), m1 = panel.Minimum(block, 1);
            Ahead.Fetch(block + Distance, panel.BlockBytes);
            byte* code = block + header;
            for (nint j = 0; j < Half; j++, code += PanelRows)
            {
                Vector512<float> w0 = Vector512.FusedMultiplyAdd(s0, TCode.First(code, table), m0);
                Vector512<float> w1 = Vector512.FusedMultiplyAdd(s1, TCode.First(code + 16, table), m1);
                r0 = r0.Add(x[j], w0, w1);
                r1 = r1.Add(x[j + ldx], w0, w1);
                r2 = r2.Add(x[j + (2 * ldx)], w0, w1);
                r3 = r3.Add(x[j + (3 * ldx)], w0, w1);
            }

            code = block + header + TCode.SecondHalf;
            for (nint j = Half; j < 2 * Half; j++, code += PanelRows)
            {
                Vector512<float> w0 = Vector512.FusedMultiplyAdd(s0, TCode.Second(code, table), m0);
                Vector512<float> w1 = Vector512.FusedMultiplyAdd(s1, TCode.Second(code + 16, table), m1);
                r0 = r0.Add(x[j], w0, w1);
                r1 = r1.Add(x[j + ldx], w0, w1);
                r2 = r2.Add(x[j + (2 * ldx)], w0, w1);
                r3 = r3.Add(x[j + (3 * ldx)], w0, w1);
            }

            x += 2 * Half;
        }

        r0.Store(y, accumulate);
        r1.Store(y + ldy, accumulate);
        r2.Store(y + (2 * ldy), accumulate);
        r3.Store(y + (3 * ldy), accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile3(in PanelBlocks panel, float* x, nint ldx, float* y, nint ldy, bool accumulate)
    {
        Vector512<float> table = TCode.Table;
        byte* block = panel.Start;
        nint header = panel.HeaderBytes;
        TileRow r0 = default, r1 = default, r2 = default;
        for (int b = 0; b < panel.Count; b++, block += panel.BlockBytes)
        {
            Vector512<float> s0 = HalfFloats.LoadF16((ushort*)block), s1 = HalfFloats.LoadF16((ushort*)block + 16);
            Vector512<float> m0 = panel.Minimum(block, 0), m1 = panel.Minimum(block, 1);
            Ahead.Fetch(block + Distance, panel.BlockBytes);
            byte* code = block + header;
            for (nint j = 0; j < Half; j++, code += PanelRows)
            {
                Vector512<float> w0 = Vector512.FusedMultiplyAdd(s0, TCode.First(code, table), m0);
                Vector512<float> w1 = Vector512.FusedMultiplyAdd(s1, TCode.First(code + 16, table), m1);
                r0 = r0.Add(x[j], w0, w1);
                r1 = r1.Add(x[j + ldx], w0, w1);
                r2 = r2.Add(x[j + (2 * ldx)], w0, w1);
            }

            code = block + header + TCode.SecondHalf;
            for (nint j = Half; j < 2 * Half; j++, code += PanelRows)
            {
                Vector512<float> w0 = Vector512.FusedMultiplyAdd(s0, TCode.Second(code, table), m0);
                Vector512<float> w1 = Vector512.FusedMultiplyAdd(s1, TCode.Second(code + 16, table), m1);
                r0 = r0.Add(x[j], w0, w1);
                r1 = r1.Add(x[j + ldx], w0, w1);
                r2 = r2.Add(x[j + (2 * ldx)], w0, w1);
            }

            x += 2 * Half;
        }

        r0.Store(y, accumulate);
        r1.Store(y + ldy, accumulate);
        r2.Store(y + (2 * ldy), accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile2(in PanelBlocks panel, float* x, nint ldx, float* y, nint ldy, bool accumulate)
    {
        Vector512<float> table = TCode.Table;
        byte* block = panel.Start;
        nint header = panel.HeaderBytes;
        TileRow r0 = default, r1 = default;
        for (int b = 0; b < panel.Count; b++, block += panel.BlockBytes)
        {
            Vector512<float> s0 = HalfFloats.LoadF16((ushort*)block), s1 = HalfFloats.LoadF16((ushort*)block + 16);
            Vector512<float> m0 = panel.Minimum(block, 0), m1 = panel.Minimum(block, 1);
            Ahead.Fetch(block + Distance, panel.BlockBytes);
            byte* code = block + header;
            for (nint j = 0; j < Half; j++, code += PanelRows)
            {
                Vector512<float> w0 = Vector512.FusedMultiplyAdd(s0, TCode.First(code, table), m0);
                Vector512<float> w1 = Vector512.FusedMultiplyAdd(s1, TCode.First(code + 16, table), m1);
                r0 = r0.Add(x[j], w0, w1);
                r1 = r1.Add(x[j + ldx], w0, w1);
            }

            code = block + header + TCode.SecondHalf;
            for (nint j = Half; j < 2 * Half; j++, code += PanelRows)
            {
                Vector512<float> w0 = Vector512.FusedMultiplyAdd(s0, TCode.Second(code, table), m0);
                Vector512<float> w1 = Vector512.FusedMultiplyAdd(s1, TCode.Second(code + 16, table), m1);
                r0 = r0.Add(x[j], w0, w1);
                r1 = r1.Add(x[j + ldx], w0, w1);
            }

            x += 2 * Half;
        }

        r0.Store(y, accumulate);
        r1.Store(y + ldy, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1(in PanelBlocks panel, float* x, float* y, bool accumulate)
    {
        Vector512<float> table = TCode.Table;
        byte* block = panel.Start;
        nint header = panel.HeaderBytes;
        TileRow r0 = default;
        for (int b = 0; b < panel.Count; b++, block += panel.BlockBytes)
        {
            Vector512<float> s0 = HalfFloats.LoadF16((ushort*)block), s1 = HalfFloats.LoadF16((ushort*)block + 16);
            Vector512<float> m0 = panel.Minimum(block, 0), m1 = panel.Minimum(block, 1);
            Ahead.Fetch(block + Distance, panel.BlockBytes);
            byte* code = block + header;
            for (nint j = 0; j < Half; j++, code += PanelRows)
            {
                Vector512<float> w0 = Vector512.FusedMultiplyAdd(s0, TCode.First(code, table), m0);
                Vector512<float> w1 = Vector512.FusedMultiplyAdd(s1, TCode.First(code + 16, table), m1);
                r0 = r0.Add(x[j], w0, w1);
            }

            code = block + header + TCode.SecondHalf;
            for (nint j = Half; j < 2 * Half; j++, code += PanelRows)
            {
                Vector512<float> w0 = Vector512.FusedMultiplyAdd(s0, TCode.Second(code, table), m0);
                Vector512<float> w1 = Vector512.FusedMultiplyAdd(s1, TCode.Second(code + 16, table), m1);
                r0 = r0.Add(x[j], w0, w1);
            }

            x += 2 * Half;
        }

        r0.Store(y, accumulate);
    }
}
