using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KVCluster.Inference.Cpu.Packing;

/// <content>
/// A few rows, as decoding together has them: weights are expanded in registers and used at once by all rows, so that they are neither
/// stored nor read again. Sums run in the order of the inputs, as the tiles' do.
/// </content>
internal sealed unsafe partial class PackedQ4
{
    public override int RowsKernelLimit => Vector512.IsHardwareAccelerated ? 32 : 0;

    public override void MultiplyRows(int panel, int column, int count, float* x, nint ldx, float* y, nint ldy, int rows, bool accumulate)
    {
        byte* block = BlockAt(panel, column / Block);
        int blocks = count / Block;
        for (; rows >= 8; rows -= 8, x += 8 * ldx, y += 8 * ldy)
        {
            Tile8(block, blocks, x, ldx, y, ldy, accumulate);
        }

        for (; rows >= 4; rows -= 4, x += 4 * ldx, y += 4 * ldy)
        {
            Tile4(block, blocks, x, ldx, y, ldy, accumulate);
        }

        switch (rows)
        {
            case 3:
                Tile3(block, blocks, x, ldx, y, ldy, accumulate);
                break;
            case 2:
                Tile2(block, blocks, x, ldx, y, ldy, accumulate);
                break;
            case 1:
                Tile1(block, blocks, x, y, accumulate);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Tile8(byte* block, int blocks, float* x, nint ldx, float* y, nint ldy, bool accumulate)
    {
        Vector512<float> table = Table;
        RowSums r0 = default, r1 = default, r2 = default, r3 = default, r4 = default, r5 = default, r6 = default, r7 = default;
        float* x3 = x + (3 * ldx);
        float* x6 = x + (6 * ldx);
        for (int b = 0; b < blocks; b++, block += _blockBytes)
        {
            Vector512<float> s0 = HalfFloats.LoadF16((ushort*)block), s1 = HalfFloats.LoadF16((ushort*)block + 16);
            Vector512<float> m0 = Minimum(block, 0), m1 = Minimum(block, 1);
            byte* bytes = block + _headerBytes;
            for (nint j = 0; j < 16; j++, bytes += PanelRows)
            {
                Vector512<float> w0 = Vector512.FusedMultiplyAdd(s0, Lookup(table, Widen(bytes)), m0);
                Vector512<float> w1 = Vector512.FusedMultiplyAdd(s1, Lookup(table, Widen(bytes + 16)), m1);
                r0 = r0.Add(x[j], w0, w1);
                r1 = r1.Add(x[j + ldx], w0, w1);
                r2 = r2.Add(x[j + (2 * ldx)], w0, w1);
                r3 = r3.Add(x3[j], w0, w1);
                r4 = r4.Add(x3[j + ldx], w0, w1);
                r5 = r5.Add(x3[j + (2 * ldx)], w0, w1);
                r6 = r6.Add(x6[j], w0, w1);
                r7 = r7.Add(x6[j + ldx], w0, w1);
            }

            bytes = block + _headerBytes;
            for (nint j = 16; j < Block; j++, bytes += PanelRows)
            {
                Vector512<float> w0 = Vector512.FusedMultiplyAdd(s0, Lookup(table, Widen(bytes) >>> 4), m0);
                Vector512<float> w1 = Vector512.FusedMultiplyAdd(s1, Lookup(table, Widen(bytes + 16) >>> 4), m1);
                r0 = r0.Add(x[j], w0, w1);
                r1 = r1.Add(x[j + ldx], w0, w1);
                r2 = r2.Add(x[j + (2 * ldx)], w0, w1);
                r3 = r3.Add(x3[j], w0, w1);
                r4 = r4.Add(x3[j + ldx], w0, w1);
                r5 = r5.Add(x3[j + (2 * ldx)], w0, w1);
                r6 = r6.Add(x6[j], w0, w1);
                r7 = r7.Add(x6[j + ldx], w0, w1);
            }

            x += Block;
            x3 += Block;
            x6 += Block;
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
    private void Tile4(byte* block, int blocks, float* x, nint ldx, float* y, nint ldy, bool accumulate)
    {
        Vector512<float> table = Table;
        RowSums r0 = default, r1 = default, r2 = default, r3 = default;
        for (int b = 0; b < blocks; b++, block += _blockBytes)
        {
            Vector512<float> s0 = HalfFloats.LoadF16((ushort*)block), s1 = HalfFloats.LoadF16((ushort*)block + 16);
            Vector512<float> m0 = Minimum(block, 0), m1 = Minimum(block, 1);
            byte* bytes = block + _headerBytes;
            for (nint j = 0; j < 16; j++, bytes += PanelRows)
            {
                Vector512<float> w0 = Vector512.FusedMultiplyAdd(s0, Lookup(table, Widen(bytes)), m0);
                Vector512<float> w1 = Vector512.FusedMultiplyAdd(s1, Lookup(table, Widen(bytes + 16)), m1);
                r0 = r0.Add(x[j], w0, w1);
                r1 = r1.Add(x[j + ldx], w0, w1);
                r2 = r2.Add(x[j + (2 * ldx)], w0, w1);
                r3 = r3.Add(x[j + (3 * ldx)], w0, w1);
            }

            bytes = block + _headerBytes;
            for (nint j = 16; j < Block; j++, bytes += PanelRows)
            {
                Vector512<float> w0 = Vector512.FusedMultiplyAdd(s0, Lookup(table, Widen(bytes) >>> 4), m0);
                Vector512<float> w1 = Vector512.FusedMultiplyAdd(s1, Lookup(table, Widen(bytes + 16) >>> 4), m1);
                r0 = r0.Add(x[j], w0, w1);
                r1 = r1.Add(x[j + ldx], w0, w1);
                r2 = r2.Add(x[j + (2 * ldx)], w0, w1);
                r3 = r3.Add(x[j + (3 * ldx)], w0, w1);
            }

            x += Block;
        }

        r0.Store(y, accumulate);
        r1.Store(y + ldy, accumulate);
        r2.Store(y + (2 * ldy), accumulate);
        r3.Store(y + (3 * ldy), accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Tile3(byte* block, int blocks, float* x, nint ldx, float* y, nint ldy, bool accumulate)
    {
        Vector512<float> table = Table;
        RowSums r0 = default, r1 = default, r2 = default;
        for (int b = 0; b < blocks; b++, block += _blockBytes)
        {
            Vector512<float> s0 = HalfFloats.LoadF16((ushort*)block), s1 = HalfFloats.LoadF16((ushort*)block + 16);
            Vector512<float> m0 = Minimum(block, 0), m1 = Minimum(block, 1);
            byte* bytes = block + _headerBytes;
            for (nint j = 0; j < 16; j++, bytes += PanelRows)
            {
                Vector512<float> w0 = Vector512.FusedMultiplyAdd(s0, Lookup(table, Widen(bytes)), m0);
                Vector512<float> w1 = Vector512.FusedMultiplyAdd(s1, Lookup(table, Widen(bytes + 16)), m1);
                r0 = r0.Add(x[j], w0, w1);
                r1 = r1.Add(x[j + ldx], w0, w1);
                r2 = r2.Add(x[j + (2 * ldx)], w0, w1);
            }

            bytes = block + _headerBytes;
            for (nint j = 16; j < Block; j++, bytes += PanelRows)
            {
                Vector512<float> w0 = Vector512.FusedMultiplyAdd(s0, Lookup(table, Widen(bytes) >>> 4), m0);
                Vector512<float> w1 = Vector512.FusedMultiplyAdd(s1, Lookup(table, Widen(bytes + 16) >>> 4), m1);
                r0 = r0.Add(x[j], w0, w1);
                r1 = r1.Add(x[j + ldx], w0, w1);
                r2 = r2.Add(x[j + (2 * ldx)], w0, w1);
            }

            x += Block;
        }

        r0.Store(y, accumulate);
        r1.Store(y + ldy, accumulate);
        r2.Store(y + (2 * ldy), accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Tile2(byte* block, int blocks, float* x, nint ldx, float* y, nint ldy, bool accumulate)
    {
        Vector512<float> table = Table;
        RowSums r0 = default, r1 = default;
        for (int b = 0; b < blocks; b++, block += _blockBytes)
        {
            Vector512<float> s0 = HalfFloats.LoadF16((ushort*)block), s1 = HalfFloats.LoadF16((ushort*)block + 16);
            Vector512<float> m0 = Minimum(block, 0), m1 = Minimum(block, 1);
            byte* bytes = block + _headerBytes;
            for (nint j = 0; j < 16; j++, bytes += PanelRows)
            {
                Vector512<float> w0 = Vector512.FusedMultiplyAdd(s0, Lookup(table, Widen(bytes)), m0);
                Vector512<float> w1 = Vector512.FusedMultiplyAdd(s1, Lookup(table, Widen(bytes + 16)), m1);
                r0 = r0.Add(x[j], w0, w1);
                r1 = r1.Add(x[j + ldx], w0, w1);
            }

            bytes = block + _headerBytes;
            for (nint j = 16; j < Block; j++, bytes += PanelRows)
            {
                Vector512<float> w0 = Vector512.FusedMultiplyAdd(s0, Lookup(table, Widen(bytes) >>> 4), m0);
                Vector512<float> w1 = Vector512.FusedMultiplyAdd(s1, Lookup(table, Widen(bytes + 16) >>> 4), m1);
                r0 = r0.Add(x[j], w0, w1);
                r1 = r1.Add(x[j + ldx], w0, w1);
            }

            x += Block;
        }

        r0.Store(y, accumulate);
        r1.Store(y + ldy, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Tile1(byte* block, int blocks, float* x, float* y, bool accumulate)
    {
        Vector512<float> table = Table;
        RowSums r0 = default;
        for (int b = 0; b < blocks; b++, block += _blockBytes)
        {
            Vector512<float> s0 = HalfFloats.LoadF16((ushort*)block), s1 = HalfFloats.LoadF16((ushort*)block + 16);
            Vector512<float> m0 = Minimum(block, 0), m1 = Minimum(block, 1);
            byte* bytes = block + _headerBytes;
            for (nint j = 0; j < 16; j++, bytes += PanelRows)
            {
                Vector512<float> w0 = Vector512.FusedMultiplyAdd(s0, Lookup(table, Widen(bytes)), m0);
                Vector512<float> w1 = Vector512.FusedMultiplyAdd(s1, Lookup(table, Widen(bytes + 16)), m1);
                r0 = r0.Add(x[j], w0, w1);
            }

            bytes = block + _headerBytes;
            for (nint j = 16; j < Block; j++, bytes += PanelRows)
            {
                Vector512<float> w0 = Vector512.FusedMultiplyAdd(s0, Lookup(table, Widen(bytes) >>> 4), m0);
                Vector512<float> w1 = Vector512.FusedMultiplyAdd(s1, Lookup(table, Widen(bytes + 16) >>> 4), m1);
                r0 = r0.Add(x[j], w0, w1);
            }

            x += Block;
        }

        r0.Store(y, accumulate);
    }

    /// <summary>One row's 32 sums.</summary>
    private readonly struct RowSums(Vector512<float> first, Vector512<float> second)
    {
        private readonly Vector512<float> _first = first;
        private readonly Vector512<float> _second = second;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public RowSums Add(float x, Vector512<float> w0, Vector512<float> w1)
        {
            Vector512<float> v = Vector512.Create(x);
            return new(Vector512.FusedMultiplyAdd(v, w0, _first), Vector512.FusedMultiplyAdd(v, w1, _second));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store(float* y, bool accumulate)
        {
            (accumulate ? _first + Vector512.Load(y) : _first).Store(y);
            (accumulate ? _second + Vector512.Load(y + 16) : _second).Store(y + 16);
        }
    }
}
