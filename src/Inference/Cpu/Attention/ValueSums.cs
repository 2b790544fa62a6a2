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
            int g = 0;
            for (; g + 3 <= group; g += 3)
            {
                Add3x64(probabilities + (g * stride), stride, values + i, rows, size, sums + (g * size) + i);
            }

            for (; g < group; g++)
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

    /// <summary>Three query heads at once: a value is read once for them, and twelve chains hide the latency.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add3x64(float* p, nint stride, float* v, int rows, nint size, float* sum)
    {
        Four a = Four.Load(sum), b = Four.Load(sum + size), c = Four.Load(sum + (2 * size));
        for (int j = 0; j < rows; j++, v += size, p++)
        {
            Vector512<float> v0 = Vector512.Load(v), v1 = Vector512.Load(v + 16), v2 = Vector512.Load(v + 32), v3 = Vector512.Load(v + 48);
            a = a.Add(p[0], v0, v1, v2, v3);
            b = b.Add(p[stride], v0, v1, v2, v3);
            c = c.Add(p[2 * stride], v0, v1, v2, v3);
        }

        a.Store(sum);
        b.Store(sum + size);
        c.Store(sum + (2 * size));
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

    /// <summary>64 sums of one query head.</summary>
    private readonly struct Four(Vector512<float> s0, Vector512<float> s1, Vector512<float> s2, Vector512<float> s3)
    {
        private readonly Vector512<float> _s0 = s0;
        private readonly Vector512<float> _s1 = s1;
        private readonly Vector512<float> _s2 = s2;
        private readonly Vector512<float> _s3 = s3;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Four Load(float* sum) =>
            new(Vector512.Load(sum), Vector512.Load(sum + 16), Vector512.Load(sum + 32), Vector512.Load(sum + 48));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Four Add(float p, Vector512<float> v0, Vector512<float> v1, Vector512<float> v2, Vector512<float> v3)
        {
            Vector512<float> w = Vector512.Create(p);
            return new(
                Vector512.FusedMultiplyAdd(w, v0, _s0),
                Vector512.FusedMultiplyAdd(w, v1, _s1),
                Vector512.FusedMultiplyAdd(w, v2, _s2),
                Vector512.FusedMultiplyAdd(w, v3, _s3));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store(float* sum)
        {
            _s0.Store(sum);
            _s1.Store(sum + 16);
            _s2.Store(sum + 32);
            _s3.Store(sum + 48);
        }
    }
}
