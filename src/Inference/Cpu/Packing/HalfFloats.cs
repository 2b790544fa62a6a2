using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KVCluster.Inference.Cpu.Packing;

/// <summary>Sixteen 16-bit floats to float32. .NET has no intrinsic for half precision, so its bits are moved by hand.</summary>
internal static unsafe class HalfFloats
{
    private const float TwoTo112 = 5192296858534827628530496329220096f;

    /// <summary>bfloat16: the upper half of a single.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadBf16(ushort* p) => (Widen(p) << 16).AsSingle();

    /// <summary>
    /// IEEE half, finite values (loading a model refuses others): exponent and fraction moved up, then scaled by 2^112, the difference of
    /// the exponents' biases; the product is exact and makes subnormals right too.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadF16(ushort* p)
    {
        Vector512<uint> bits = Widen(p);
        Vector512<float> magnitude = ((bits & Vector512.Create(0x7FFFu)) << 13).AsSingle() * Vector512.Create(TwoTo112);
        return (magnitude.AsUInt32() | ((bits & Vector512.Create(0x8000u)) << 16)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Widen(ushort* p) => Vector512.WidenLower(Vector512.Create(Vector256.Load(p), Vector256<ushort>.Zero));
}
