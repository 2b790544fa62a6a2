using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KVCluster.Inference.Cpu;

/// <summary>
/// Register tiles of C[m, n] (+)= A[m, k] * B[k, n], row-major with strides, n = 32 or 16. Every row of C is one chain of fused
/// multiply-adds over k in order, so a row's result does not depend on how many rows are computed beside it.
/// </summary>
internal static unsafe class GemmKernel
{
    /// <summary>Rows of the largest tile.</summary>
    public const int TileRows = 12;

    /// <summary>Columns of a weight panel.</summary>
    public const int PanelColumns = 32;

    /// <summary>C[rows, 32] from B with 32 columns.</summary>
    public static void Multiply32(float* a, nint lda, float* b, nint ldb, float* c, nint ldc, int rows, int k, bool accumulate)
    {
        // A tile of 12 x 32 fills AVX-512's 32 registers; narrower machines would spill, so they take small tiles.
        while (rows >= TileRows && Vector512.IsHardwareAccelerated)
        {
            Tile12x32(a, lda, b, ldb, c, ldc, k, accumulate);
            rows -= TileRows;
            a += TileRows * lda;
            c += TileRows * ldc;
        }

        if (rows >= 8 && Vector512.IsHardwareAccelerated)
        {
            Tile8x32(a, lda, b, ldb, c, ldc, k, accumulate);
            rows -= 8;
            a += 8 * lda;
            c += 8 * ldc;
        }

        while (rows >= 4)
        {
            Tile4x32(a, lda, b, ldb, c, ldc, k, accumulate);
            rows -= 4;
            a += 4 * lda;
            c += 4 * ldc;
        }

        for (; rows > 0; rows--, a += lda, c += ldc)
        {
            Tile1x32(a, b, ldb, c, k, accumulate);
        }
    }

    /// <summary>C[rows, 16] from B with 16 columns.</summary>
    public static void Multiply16(float* a, nint lda, float* b, nint ldb, float* c, nint ldc, int rows, int k, bool accumulate)
    {
        for (; rows >= 4; rows -= 4, a += 4 * lda, c += 4 * ldc)
        {
            Tile4x16(a, lda, b, ldb, c, ldc, k, accumulate);
        }

        for (; rows > 0; rows--, a += lda, c += ldc)
        {
            Vector512<float> sum = Vector512<float>.Zero;
            float* row = b;
            for (nint i = 0; i < k; i++, row += ldb)
            {
                sum = Vector512.FusedMultiplyAdd(Vector512.Create(a[i]), Vector512.Load(row), sum);
            }

            Store(sum, c, accumulate);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile12x32(float* a, nint lda, float* b, nint ldb, float* c, nint ldc, int k, bool accumulate)
    {
        TileRow r0 = default, r1 = default, r2 = default, r3 = default, r4 = default, r5 = default;
        TileRow r6 = default, r7 = default, r8 = default, r9 = default, r10 = default, r11 = default;
        float* a3 = a + (3 * lda);
        float* a6 = a + (6 * lda);
        float* a9 = a + (9 * lda);
        for (nint i = 0; i < k; i++)
        {
            Vector512<float> b0 = Vector512.Load(b);
            Vector512<float> b1 = Vector512.Load(b + 16);
            b += ldb;
            r0 = r0.Add(a[i], b0, b1);
            r1 = r1.Add(a[i + lda], b0, b1);
            r2 = r2.Add(a[i + (2 * lda)], b0, b1);
            r3 = r3.Add(a3[i], b0, b1);
            r4 = r4.Add(a3[i + lda], b0, b1);
            r5 = r5.Add(a3[i + (2 * lda)], b0, b1);
            r6 = r6.Add(a6[i], b0, b1);
            r7 = r7.Add(a6[i + lda], b0, b1);
            r8 = r8.Add(a6[i + (2 * lda)], b0, b1);
            r9 = r9.Add(a9[i], b0, b1);
            r10 = r10.Add(a9[i + lda], b0, b1);
            r11 = r11.Add(a9[i + (2 * lda)], b0, b1);
        }

        r0.Store(c, accumulate);
        r1.Store(c + ldc, accumulate);
        r2.Store(c + (2 * ldc), accumulate);
        r3.Store(c + (3 * ldc), accumulate);
        r4.Store(c + (4 * ldc), accumulate);
        r5.Store(c + (5 * ldc), accumulate);
        r6.Store(c + (6 * ldc), accumulate);
        r7.Store(c + (7 * ldc), accumulate);
        r8.Store(c + (8 * ldc), accumulate);
        r9.Store(c + (9 * ldc), accumulate);
        r10.Store(c + (10 * ldc), accumulate);
        r11.Store(c + (11 * ldc), accumulate);
    }

    /// <summary>The rows of a decoding batch: enough chains at once to hide the latency of the additions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8x32(float* a, nint lda, float* b, nint ldb, float* c, nint ldc, int k, bool accumulate)
    {
        TileRow r0 = default, r1 = default, r2 = default, r3 = default, r4 = default, r5 = default, r6 = default, r7 = default;
        float* a3 = a + (3 * lda);
        float* a6 = a + (6 * lda);
        for (nint i = 0; i < k; i++)
        {
            Vector512<float> b0 = Vector512.Load(b);
            Vector512<float> b1 = Vector512.Load(b + 16);
            b += ldb;
            r0 = r0.Add(a[i], b0, b1);
            r1 = r1.Add(a[i + lda], b0, b1);
            r2 = r2.Add(a[i + (2 * lda)], b0, b1);
            r3 = r3.Add(a3[i], b0, b1);
            r4 = r4.Add(a3[i + lda], b0, b1);
            r5 = r5.Add(a3[i + (2 * lda)], b0, b1);
            r6 = r6.Add(a6[i], b0, b1);
            r7 = r7.Add(a6[i + lda], b0, b1);
        }

        r0.Store(c, accumulate);
        r1.Store(c + ldc, accumulate);
        r2.Store(c + (2 * ldc), accumulate);
        r3.Store(c + (3 * ldc), accumulate);
        r4.Store(c + (4 * ldc), accumulate);
        r5.Store(c + (5 * ldc), accumulate);
        r6.Store(c + (6 * ldc), accumulate);
        r7.Store(c + (7 * ldc), accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4x32(float* a, nint lda, float* b, nint ldb, float* c, nint ldc, int k, bool accumulate)
    {
        TileRow r0 = default, r1 = default, r2 = default, r3 = default;
        for (nint i = 0; i < k; i++)
        {
            Vector512<float> b0 = Vector512.Load(b);
            Vector512<float> b1 = Vector512.Load(b + 16);
            b += ldb;
            r0 = r0.Add(a[i], b0, b1);
            r1 = r1.Add(a[i + lda], b0, b1);
            r2 = r2.Add(a[i + (2 * lda)], b0, b1);
            r3 = r3.Add(a[i + (3 * lda)], b0, b1);
        }

        r0.Store(c, accumulate);
        r1.Store(c + ldc, accumulate);
        r2.Store(c + (2 * ldc), accumulate);
        r3.Store(c + (3 * ldc), accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1x32(float* a, float* b, nint ldb, float* c, int k, bool accumulate)
    {
        TileRow r0 = default;
        for (nint i = 0; i < k; i++)
        {
            r0 = r0.Add(a[i], Vector512.Load(b), Vector512.Load(b + 16));
            b += ldb;
        }

        r0.Store(c, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4x16(float* a, nint lda, float* b, nint ldb, float* c, nint ldc, int k, bool accumulate)
    {
        Vector512<float> r0 = Vector512<float>.Zero, r1 = r0, r2 = r0, r3 = r0;
        for (nint i = 0; i < k; i++)
        {
            Vector512<float> b0 = Vector512.Load(b);
            b += ldb;
            r0 = Vector512.FusedMultiplyAdd(Vector512.Create(a[i]), b0, r0);
            r1 = Vector512.FusedMultiplyAdd(Vector512.Create(a[i + lda]), b0, r1);
            r2 = Vector512.FusedMultiplyAdd(Vector512.Create(a[i + (2 * lda)]), b0, r2);
            r3 = Vector512.FusedMultiplyAdd(Vector512.Create(a[i + (3 * lda)]), b0, r3);
        }

        Store(r0, c, accumulate);
        Store(r1, c + ldc, accumulate);
        Store(r2, c + (2 * ldc), accumulate);
        Store(r3, c + (3 * ldc), accumulate);
    }

    private static void Store(Vector512<float> sum, float* c, bool accumulate) =>
        (accumulate ? sum + Vector512.Load(c) : sum).Store(c);
}
