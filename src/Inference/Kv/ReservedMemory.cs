using System.Runtime.InteropServices;

namespace KVCluster.Inference.Kv;

/// <summary>
/// One reservation of address space, aligned to memory pages. On Linux and macOS it is an anonymous mapping without reserved swap, so what
/// is never touched costs nothing; elsewhere an aligned allocation. Not freed by a finaliser: kernels hold bare pointers into it.
/// </summary>
internal sealed unsafe partial class ReservedMemory : IDisposable
{
    private const int ProtectReadWrite = 0x1 | 0x2;
    private const int MapPrivate = 0x02;
    private const int AdviseHugePages = 14;
    private const nuint PageAlignment = 4096;

    private readonly bool _mapped;
    private void* _start;

    public ReservedMemory(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        Bytes = bytes;
        _mapped = OperatingSystem.IsLinux() || OperatingSystem.IsMacOS();
        _start = _mapped ? Map(bytes) : Allocate(bytes);
    }

    public long Bytes { get; }

    public byte* Start => (byte*)_start;

    public void Dispose()
    {
        if (_start is null)
        {
            return;
        }

        if (_mapped)
        {
            _ = Unmap(_start, (nuint)Bytes);
        }
        else
        {
            NativeMemory.AlignedFree(_start);
        }

        _start = null;
    }

    private static void* Map(long bytes)
    {
        int anonymousUnreserved = OperatingSystem.IsLinux() ? 0x20 | 0x4000 : 0x1000 | 0x40;
        void* start = MapMemory(null, (nuint)bytes, ProtectReadWrite, MapPrivate | anonymousUnreserved, -1, 0);
        if ((nint)start == -1)
        {
            throw CannotReserve(bytes, Marshal.GetLastPInvokeErrorMessage());
        }

        if (OperatingSystem.IsLinux())
        {
            // Rows are read and moved all over the arena; larger pages spare most address translations. Advice only: a refusal is harmless.
            _ = Advise(start, (nuint)bytes, AdviseHugePages);
        }

        return start;
    }

    private static void* Allocate(long bytes)
    {
        try
        {
            return NativeMemory.AlignedAlloc((nuint)bytes, PageAlignment);
        }
        catch (OutOfMemoryException e)
        {
            throw CannotReserve(bytes, e.Message);
        }
    }

    private static InputException CannotReserve(long bytes, string why) => new($"cannot reserve a KV arena of {bytes} bytes: {why}");

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* MapMemory(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int Advise(void* address, nuint length, int advice);
}
