using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace KVCluster.Inference.Cpu;

/// <summary>
/// Asks for memory before it is read. The processor follows a stream by itself only within a page of the system; weights and caches are read
/// once a step from far away, so every such page would begin with a wait.
/// </summary>
internal static unsafe class Ahead
{
    private const int Line = 64;

    /// <summary>Begins to fetch so many bytes; nothing where the processor has no such instruction. The address need not be valid.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fetch(void* start, int bytes)
    {
        if (Sse.IsSupported)
        {
            for (int at = 0; at < bytes; at += Line)
            {
                Sse.Prefetch0((byte*)start + at);
            }
        }
    }
}
