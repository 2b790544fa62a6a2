using System.Runtime.InteropServices;

namespace KVCluster.Inference.Cpu;

/// <summary>
/// Aligned floats outside the managed heap, so that kernels may keep pointers and the collector never moves or scans them. Grows only.
/// </summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private const int Alignment = 64;

    private float* _data;

    public NativeBuffer(long floats = 0)
    {
        Ensure(floats);
    }

    ~NativeBuffer()
    {
        Free();
    }

    public float* Data => _data;

    public long Length { get; private set; }

    public long Bytes => Length * sizeof(float);

    /// <summary>Makes room; what was in the buffer is lost where it grows.</summary>
    public void Ensure(long floats)
    {
        if (floats <= Length)
        {
            return;
        }

        Free();
        _data = (float*)NativeMemory.AlignedAlloc(checked((nuint)floats * sizeof(float)), Alignment);
        Length = floats;
    }

    public void Clear() => NativeMemory.Clear(_data, checked((nuint)Length * sizeof(float)));

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_data);
        _data = null;
        Length = 0;
    }
}
