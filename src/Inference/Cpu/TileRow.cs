using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KVCluster.Inference.Cpu;

/// <summary>One row of a register tile: 32 sums in two registers.</summary>
internal readonly unsafe struct TileRow(Vector512<float> low, Vector512<float> high)
{
    private readonly Vector512<float> _low = low;
    private readonly Vector512<float> _high = high;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TileRow Add(float a, Vector512<float> b0, Vector512<float> b1)
    {
        Vector512<float> v = Vector512.Create(a);
        return new(Vector512.FusedMultiplyAdd(v, b0, _low), Vector512.FusedMultiplyAdd(v, b1, _high));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* c, bool accumulate)
    {
        (accumulate ? _low + Vector512.Load(c) : _low).Store(c);
        (accumulate ? _high + Vector512.Load(c + 16) : _high).Store(c + 16);
    }
}
