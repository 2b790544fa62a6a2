using System.Runtime.InteropServices;

namespace KVCluster.Inference.Cpu;

/// <summary>Ties a thread to a core where the operating system allows it; elsewhere threads stay as they are.</summary>
internal static partial class ThreadAffinity
{
    public static void PinCurrentThread(int core)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        Span<ulong> mask = stackalloc ulong[16];
        int index = core % Environment.ProcessorCount;
        mask[index / 64] = 1UL << (index % 64);

        // A refusal (a container's own core set, say) only costs steadiness.
        _ = SetAffinity(0, (nuint)(mask.Length * sizeof(ulong)), ref mask[0]);
    }

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int SetAffinity(int thread, nuint size, ref ulong mask);
}
