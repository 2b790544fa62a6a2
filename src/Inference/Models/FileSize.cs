namespace KVCluster.Inference.Models;

/// <summary>Bytes of a file, where it is a link of what it leads to: a folder of Hugging Face's cache has nothing but links.</summary>
internal static class FileSize
{
    /// <exception cref="IOException">There is no such file.</exception>
    public static long Of(string path) => ((FileInfo?)File.ResolveLinkTarget(path, returnFinalTarget: true) ?? new FileInfo(path)).Length;
}
