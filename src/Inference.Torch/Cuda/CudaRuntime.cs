using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KVCluster.Inference.Torch.Cuda;

/// <summary>
/// What this backend calls of the CUDA runtime by itself, since TorchSharp has neither streams nor events nor the device's memory in its
/// interface: libcudart, the copy that libtorch has loaded (<see cref="CudaLibrary"/>). Handles are opaque, and those of libtorch's and of
/// this interface are of the same contexts. Signatures are those of CUDA 12 and 13 (cuda_runtime_api.h).
/// </summary>
internal static partial class CudaRuntime
{
    /// <summary>cudaStreamNonBlocking: not ordered with the default stream.</summary>
    public const uint StreamNonBlocking = 1;

    /// <summary>cudaEventBlockingSync | cudaEventDisableTiming: who waits sleeps.</summary>
    public const uint EventQuiet = 1 | 2;

    /// <summary>cudaMemcpyHostToDevice.</summary>
    public const int HostToDevice = 1;

    /// <summary>cudaMemcpyDeviceToHost.</summary>
    public const int DeviceToHost = 2;

    /// <summary>cudaErrorNotReady: what a query says of work that is not done.</summary>
    public const int NotReady = 600;

    static CudaRuntime() => NativeImports.Register();

    /// <summary>Throws <see cref="CudaException"/> where a call failed.</summary>
    public static void Check(int error, [CallerArgumentExpression(nameof(error))] string call = "")
    {
        if (error != 0)
        {
            // Taken back, or libtorch would meet it at this thread's next launch and take it for its own.
            _ = cudaGetLastError();
            throw new CudaException(call[..Math.Max(0, call.IndexOf('('))], error, Text(cudaGetErrorName(error)), Text(cudaGetErrorString(error)));
        }
    }

    /// <summary>The same for a query, which may also find that work is not done.</summary>
    public static bool IsDone(int error, [CallerArgumentExpression(nameof(error))] string call = "")
    {
        if (error != NotReady)
        {
            Check(error, call);
            return true;
        }

        _ = cudaGetLastError();
        return false;
    }

    /// <summary>Free and total bytes of a device. libtorch works in the device's primary context, and so does the runtime.</summary>
    public static (long Free, long Total) Memory(int device)
    {
        Check(cudaSetDevice(device));
        Check(cudaMemGetInfo(out nuint free, out nuint total));
        return (checked((long)free), checked((long)total));
    }

    // Named as CUDA names them, so that messages and documentation agree.
#pragma warning disable IDE1006

    [LibraryImport(CudaLibrary.Name)]
    internal static partial int cudaSetDevice(int device);

    [LibraryImport(CudaLibrary.Name)]
    internal static partial int cudaGetLastError();

    [LibraryImport(CudaLibrary.Name)]
    internal static partial int cudaMemGetInfo(out nuint free, out nuint total);

    [LibraryImport(CudaLibrary.Name)]
    internal static partial int cudaStreamCreateWithFlags(out nint stream, uint flags);

    [LibraryImport(CudaLibrary.Name)]
    internal static partial int cudaStreamDestroy(nint stream);

    [LibraryImport(CudaLibrary.Name)]
    internal static partial int cudaStreamSynchronize(nint stream);

    [LibraryImport(CudaLibrary.Name)]
    internal static partial int cudaStreamWaitEvent(nint stream, nint happening, uint flags);

    [LibraryImport(CudaLibrary.Name)]
    internal static partial int cudaEventCreateWithFlags(out nint happening, uint flags);

    [LibraryImport(CudaLibrary.Name)]
    internal static partial int cudaEventRecord(nint happening, nint stream);

    [LibraryImport(CudaLibrary.Name)]
    internal static partial int cudaEventQuery(nint happening);

    [LibraryImport(CudaLibrary.Name)]
    internal static partial int cudaEventSynchronize(nint happening);

    [LibraryImport(CudaLibrary.Name)]
    internal static partial int cudaEventDestroy(nint happening);

    [LibraryImport(CudaLibrary.Name)]
    internal static partial int cudaMemcpyAsync(nint to, nint from, nuint bytes, int kind, nint stream);

    [LibraryImport(CudaLibrary.Name)]
    internal static partial int cudaHostAlloc(out nint memory, nuint bytes, uint flags);

    [LibraryImport(CudaLibrary.Name)]
    internal static partial int cudaFreeHost(nint memory);

    [LibraryImport(CudaLibrary.Name)]
    private static partial nint cudaGetErrorName(int error);

    [LibraryImport(CudaLibrary.Name)]
    private static partial nint cudaGetErrorString(int error);

#pragma warning restore IDE1006

    private static string Text(nint text) => Marshal.PtrToStringUTF8(text) ?? "unknown error";
}
