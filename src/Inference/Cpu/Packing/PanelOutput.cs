using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KVCluster.Inference.Cpu.Packing;

/// <summary>Writes the 32 sums of a panel.</summary>
internal static unsafe class PanelOutput
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> low, Vector512<float> high, float* y, bool accumulate)
    {
        if (accumulate)
        {
            low += Vector512.Load(y);
            high += Vector512.Load(y + 16);
        }

        low.Store(y);
        high.Store(y + 16);
    }
}
