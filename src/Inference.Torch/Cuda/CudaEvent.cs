using KVCluster.Inference.Torch.Transfers;
using static KVCluster.Inference.Torch.Cuda.CudaRuntime;

namespace KVCluster.Inference.Torch.Cuda;

/// <summary>An event of a CUDA device between its default stream and a copy stream.</summary>
internal sealed class CudaEvent : ICopyEvent
{
    private readonly int _device;
    private readonly nint _copies;
    private nint _handle;

    /// <summary>Creates it on the device, for this copy stream.</summary>
    public CudaEvent(int device, nint copies)
    {
        _device = device;
        _copies = copies;
        Check(cudaSetDevice(device));
        Check(cudaEventCreateWithFlags(out _handle, EventQuiet));
    }

    /// <inheritdoc/>
    public bool IsDone => CudaRuntime.IsDone(cudaEventQuery(_handle));

    /// <inheritdoc/>
    public void Record(WorkQueue queue)
    {
        Check(cudaSetDevice(_device));
        Check(cudaEventRecord(_handle, Stream(queue)));
    }

    /// <inheritdoc/>
    public void Hold(WorkQueue queue)
    {
        Check(cudaSetDevice(_device));
        Check(cudaStreamWaitEvent(Stream(queue), _handle, 0));
    }

    /// <inheritdoc/>
    public void Wait() => Check(cudaEventSynchronize(_handle));

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_handle != 0)
        {
            _ = cudaEventDestroy(_handle);
            _handle = 0;
        }
    }

    // Stream 0 is the device's default stream in its legacy form, where libtorch computes unless it is told of another one, and
    // TorchSharp cannot tell it.
    private nint Stream(WorkQueue queue) => queue == WorkQueue.Compute ? 0 : _copies;
}
