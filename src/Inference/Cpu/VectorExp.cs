using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KVCluster.Inference.Cpu;

/// <summary>
/// exp of sixteen floats in single precision. <see cref="Vector512.Exp(Vector512{float})"/> goes through doubles at a multiple of the cost,
/// and a softmax takes one exponential for each pair of query and slot.
/// </summary>
internal static class VectorExp
{
    /// <summary>Below this the result is 0: the smallest normal float is exp(-87.34).</summary>
    private const float Least = -87.3f;

    /// <summary>1.5 * 2^23: added to a small number, it leaves the nearest integer in the lowest bits.</summary>
    private const float Rounding = 12582912f;

    private const float Log2E = 1.44269504f;

    // ln 2 in two parts, so that n ln 2 is exact to beyond a float.
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    /// <summary>
    /// exp(x) for x at most 88, 0 for x below -87.3 and for -infinity; within 3e-7 of the value. Cephes' polynomial after
    /// x = n ln 2 + r, |r| at most ln 2 / 2.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        Vector512<float> visible = Vector512.GreaterThan(x, Vector512.Create(Least));
        Vector512<float> shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(Log2E), Vector512.Create(Rounding));
        Vector512<float> n = shifted - Vector512.Create(Rounding);
        Vector512<float> r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2High), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2Low), r);
        Vector512<float> p = Vector512.FusedMultiplyAdd(Vector512.Create(1.9875691500e-4f), r, Vector512.Create(1.3981999507e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(8.3334519073e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(4.1665795894e-2f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.6666665459e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(5.0000001201e-1f));
        p = Vector512.FusedMultiplyAdd(p, r * r, r) + Vector512<float>.One;

        // Times 2^n: n goes into the exponent.
        Vector512<int> scaled = p.AsInt32() + Vector512.ShiftLeft(shifted.AsInt32(), 23);
        return scaled.AsSingle() & visible;
    }
}
