using System.Reflection;
using System.Runtime.InteropServices;
using KVCluster.Inference.Torch.Cuda;

namespace KVCluster.Inference.Torch;

/// <summary>Where this assembly's native imports are found: TorchSharp's own library as TorchSharp finds it, and the CUDA runtime.</summary>
internal static class NativeImports
{
    /// <summary>TorchSharp's native part.</summary>
    public const string TorchSharpLibrary = "LibTorchSharp";

    private static readonly Lazy<nint> _cuda = new(CudaLibrary.Load);

    /// <summary>Whether the CUDA runtime can be loaded; looks for it at the first call.</summary>
    public static bool HasCuda => _cuda.Value != 0;

    static NativeImports() => NativeLibrary.SetDllImportResolver(typeof(NativeImports).Assembly, Resolve);

    /// <summary>For whoever imports: from the first call on, imports are found.</summary>
    public static void Register()
    {
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name == CudaLibrary.Name)
        {
            return _cuda.Value;
        }

        _ = NativeLibrary.TryLoad(name, typeof(TorchSharp.torch).Assembly, path, out nint handle);
        return handle;
    }
}
