using System.Globalization;
using System.Runtime.InteropServices;
using KVCluster.Inference.Torch.Cuda;
using KVCluster.Inference.Torch.Transfers;
using TorchSharp;

namespace KVCluster.Inference.Torch;

/// <summary>One device of libtorch, loaded and ready.</summary>
internal sealed class TorchDevice
{
    private const string Guide = "docs/torch-backend.md says how";

    private TorchDevice(string name, torch.Device handle)
    {
        Name = name;
        Handle = handle;
    }

    /// <summary>"cpu" or "cuda:N".</summary>
    public string Name { get; }

    public torch.Device Handle { get; }

    public bool IsCuda => Handle.type == DeviceType.CUDA;

    /// <summary>Loads libtorch and looks for the device. Throws <see cref="InputException"/> naming what is missing.</summary>
    public static TorchDevice Open(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        int? index = CudaIndex(name);
        Load(DeviceType.CPU, "libtorch cannot be loaded: install its libraries or build with the package TorchSharp-cuda-linux or TorchSharp-cpu");
        if (index is not { } cuda)
        {
            return new TorchDevice("cpu", torch.CPU);
        }

        Load(DeviceType.CUDA, "libtorch has no CUDA part here: build with the package TorchSharp-cuda-linux, and install the NVIDIA driver");
        int devices = torch.cuda.is_available() ? torch.cuda.device_count() : 0;
        if (devices == 0)
        {
            throw new InputException(
                $"no CUDA device can be used: install the NVIDIA driver (nvidia-smi must list the GPU), or use device cpu; {Guide}");
        }

        if (cuda >= devices)
        {
            throw new InputException($"there is no device cuda:{cuda}; this machine has cuda:0 to cuda:{devices - 1}");
        }

        if (!NativeImports.HasCuda)
        {
            throw new InputException(
                $"the CUDA runtime library (libcudart.so.12) is neither beside libtorch nor known to the system: it comes with the package TorchSharp-cuda-linux; {Guide}");
        }

        return new TorchDevice($"cuda:{cuda}", new torch.Device(DeviceType.CUDA, cuda));
    }

    /// <summary>Throws <see cref="InputException"/> where libtorch has no products of this type on the device.</summary>
    public void Require(torch.ScalarType type)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor numbers = torch.zeros([8, 8], type, Handle);
        try
        {
            _ = torch.nn.functional.linear(numbers, numbers);
        }
        catch (ExternalException e)
        {
            throw new InputException($"{Name} cannot compute in {type}: {FirstLine(e)}", e);
        }
    }

    /// <summary>How pages travel between the device's memory and the host's; null where they are one.</summary>
    public TransferOptions? Transfers() => IsCuda ? new TransferOptions(() => new CudaCopyStream(Handle.index)) : null;

    /// <summary>Waits for all work of the device.</summary>
    public void Synchronize()
    {
        if (IsCuda)
        {
            torch.cuda.synchronize(Handle);
        }
    }

    private static int? CudaIndex(string name)
    {
        if (name == "cpu")
        {
            return null;
        }

        if (name == "cuda")
        {
            return 0;
        }

        bool numbered = name.StartsWith("cuda:", StringComparison.Ordinal)
            & int.TryParse(name.AsSpan(Math.Min(5, name.Length)), NumberStyles.None, CultureInfo.InvariantCulture, out int index);
        return numbered ? index : throw new InputException($"device '{name}' is none of cpu, cuda and cuda:N");
    }

    private static void Load(DeviceType type, string missing)
    {
        try
        {
            torch.InitializeDeviceType(type);
        }
        catch (Exception e) when (
            e is TypeInitializationException or DllNotFoundException or BadImageFormatException or NotSupportedException or InvalidOperationException)
        {
            throw new InputException($"{missing}; {Guide} ({FirstLine(e)})");
        }
    }

    // TorchSharp puts the whole trace of its search for libraries behind the first sentence.
    private static string FirstLine(Exception e)
    {
        string message = e.GetBaseException().Message.Trim();
        int end = message.IndexOfAny(['\n', '\r']);
        string line = end < 0 ? message : message[..end];
        int trace = line.IndexOf(" Trace from", StringComparison.Ordinal);
        return trace < 0 ? line.TrimEnd() : line[..trace];
    }
}
