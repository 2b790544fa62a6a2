using KVCluster.Inference.Torch.Transfers;
using static KVCluster.Inference.Torch.Cuda.CudaRuntime;

namespace KVCluster.Inference.Torch.Cuda;

/// <summary>
/// A non-blocking stream of a CUDA device: the default stream does not wait for it. Which device a thread calls is the thread's own setting,
/// so each call sets it; it is left so, since to set it back would open a context on a device that may not be this process's.
/// </summary>
internal sealed class CudaCopyStream : ICopyStream
{
    private readonly int _device;
    private nint _handle;

    /// <summary>Opens a stream on a device.</summary>
    public CudaCopyStream(int device)
    {
        _device = device;
        Check(cudaSetDevice(device));
        Check(cudaStreamCreateWithFlags(out _handle, StreamNonBlocking));
    }

    /// <inheritdoc/>
    public nint AllocateHost(long bytes)
    {
        Check(cudaSetDevice(_device));
        Check(cudaHostAlloc(out nint memory, checked((nuint)bytes), 0));
        return memory;
    }

    /// <inheritdoc/>
    public void FreeHost(nint memory) => _ = cudaFreeHost(memory);

    /// <inheritdoc/>
    public ICopyEvent CreateEvent() => new CudaEvent(_device, _handle);

    /// <inheritdoc/>
    public void Copy(nint from, nint to, long bytes, CopyDirection direction)
    {
        Check(cudaSetDevice(_device));
        Check(cudaMemcpyAsync(to, from, checked((nuint)bytes), direction == CopyDirection.ToHost ? DeviceToHost : HostToDevice, _handle));
    }

    /// <inheritdoc/>
    public void Drain() => Check(cudaStreamSynchronize(_handle));

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_handle != 0)
        {
            _ = cudaStreamDestroy(_handle);
            _handle = 0;
        }
    }
}
