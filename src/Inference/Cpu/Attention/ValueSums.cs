using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KVCluster.Inference.Cpu.Attention;

/// <summary>sums[g, d] += probabilities[g, rows] * values[rows, d] for the few query heads of a group.</summary>
internal static unsafe class ValueSums
{
    public static void Add(float* probabilities, int stride, int group, float* values, int rows, int size, float* sums)
    {
        int i = 0;
        for (; i + 64 <= size; i += 64)
        {
            for (int g = 0; g < group; g++)
            {
                Add64(probabilities + (g * stride), values + i, rows, size, sums + (g * size) + i);
            }
        }

        for (; i < size; i += 16)
        {
            for (int g = 0; g < group; g++)
            {
                Add16(probabilities + (g * stride), values + i, rows, size, sums + (g * size) + i);
            }
        }
    }

    /// <summary>Two rows at a time: eight independent chains hide the latency of the additions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add64(float* p, float* v, int rows, nint size, float* sum)
    {
        Vector512<float> a0 = Vector512.Load(sum), a1 = Vector512.Load(sum + 16), a2 = Vector512.Load(sum + 32), a3 = Vector512.Load(sum + 48);
        Vector512<float> b0 = Vector512<float>.Zero, b1 = b0, b2 = b0, b3 = b0;
        int j = 0;
        for (; j + 1 < rows; j += 2, v += 2 * size)
        {
            Vector512<float> pa = Vector512.Create(p[j]);
            Vector512<float> pb = Vector512.Create(p[j + 1]);
            a0 = Vector512.FusedMultiplyAdd(pa, Vector512.Load(v), a0);
            a1 = Vector512.FusedMultiplyAdd(pa, Vector512.Load(v + 16), a1);
            a2 = Vector512.FusedMultiplyAdd(pa, Vector512.Load(v + 32), a2);
            a3 = Vector512.FusedMultiplyAdd(pa, Vector512.Load(v + 48), a3);
            b0 = Vector512.FusedMultiplyAdd(pb, Vector512.Load(v + size), b0);
            b1 = Vector512.FusedMultiplyAdd(pb, Vector512.Load(v + size + 16), b1);
            b2 = Vector512.FusedMultiplyAdd(pb, Vector512.Load(v + size + 32), b2);
            b3 = Vector512.FusedMultiplyAdd(pb, Vector512.Load(v + size + 48), b3);
        }

        if (j < rows)
        {
            Vector512<float> pa = Vector512.Create(p[j]);
            a0 = Vector512.FusedMultiplyAdd(pa, Vector512.Load(v), a0);
            a1 = Vector512.FusedMultiplyAdd(pa, Vector512.Load(v + 16), a1);
            a2 = Vector512.FusedMultiplyAdd(pa, Vector512.Load(v + 32), a2);
            a3 = Vector512.FusedMultiplyAdd(pa, Vector512.Load(v + 48), a3);
        }

        (a0 + b0).Store(sum);
        (a1 + b1).Store(sum + 16);
        (a2 + b2).Store(sum + 32);
        (a3 + b3).Store(sum + 48);
    }

    private static void Add16(float* p, float* v, int rows, nint size, float* sum)
    {
        Vector512<float> a = Vector512.Load(sum);
        for (int j = 0; j < rows; j++, v += size)
        {
            a = Vector512.FusedMultiplyAdd(Vector512.Create(p[j]), Vector512.Load(v), a);
        }

        a.Store(sum);
    }
}
