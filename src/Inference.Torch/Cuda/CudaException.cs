using System.Runtime.InteropServices;

namespace KVCluster.Inference.Torch.Cuda;

/// <summary>A call of the CUDA runtime that failed: the message names the call, what CUDA says of the error, its name and its code.</summary>
internal sealed class CudaException(string call, int code, string name, string text)
    : ExternalException($"{call} failed: {text} ({name}, {code}){Advice(code)}", code)
{
    private const int MemoryAllocation = 2;
    private const int InsufficientDriver = 35;
    private const int NoDevice = 100;

    /// <summary>Whether device or page-locked memory did not suffice.</summary>
    public bool IsExhausted => ErrorCode == MemoryAllocation;

    private static string Advice(int code) => code is InsufficientDriver or NoDevice
        ? "; install an NVIDIA driver as new as the CUDA runtime (nvidia-smi must list the GPU)"
        : "";
}
