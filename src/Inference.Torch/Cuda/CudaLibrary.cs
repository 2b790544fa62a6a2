using System.Diagnostics;
using System.Runtime.InteropServices;

namespace KVCluster.Inference.Torch.Cuda;

/// <summary>
/// Finds libcudart. libtorch's packages bring it along, as a rule under a name of their own (libcudart-218eec4c.so.12), and have it loaded
/// once a CUDA device is open: that copy is the one to call. Never looked for on the CPU device.
/// </summary>
internal static class CudaLibrary
{
    /// <summary>The name in this assembly's imports.</summary>
    public const string Name = "cudart";

    private static readonly string[] _systemNames = ["libcudart.so.12", "libcudart.so.13", "libcudart.so"];

    /// <summary>
    /// What to try, best first: the copy that the process has loaded, those that lie beside its libtorch, and the names that the system's
    /// loader may know.
    /// </summary>
    /// <param name="loaded">Paths of the libraries that the process has loaded.</param>
    /// <param name="filesOf">Paths of the files of a folder.</param>
    public static IEnumerable<string> Candidates(IReadOnlyCollection<string> loaded, Func<string, IEnumerable<string>> filesOf)
    {
        IEnumerable<string> folders = loaded
            .Where(p => HasName(p, "libtorch") || HasName(p, "libc10"))
            .Select(p => Path.GetDirectoryName(p)!)
            .Distinct();
        return loaded.Where(IsRuntime)
            .Concat(folders.SelectMany(filesOf).Where(IsRuntime).OrderDescending(StringComparer.Ordinal))
            .Concat(_systemNames)
            .Distinct();
    }

    /// <summary>The library's handle; 0 where none can be loaded.</summary>
    public static nint Load()
    {
        using Process process = Process.GetCurrentProcess();
        string[] loaded = [.. process.Modules.Cast<ProcessModule>().Select(m => m.FileName)];
        foreach (string candidate in Candidates(loaded, Directory.EnumerateFiles))
        {
            if (NativeLibrary.TryLoad(candidate, out nint handle))
            {
                return handle;
            }
        }

        return 0;
    }

    private static bool IsRuntime(string path) => HasName(path, "libcudart") && path.Contains(".so", StringComparison.Ordinal);

    private static bool HasName(string path, string prefix) => Path.GetFileName(path).StartsWith(prefix, StringComparison.Ordinal);
}
