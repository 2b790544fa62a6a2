using System.ComponentModel;
using System.Runtime.InteropServices;

namespace KVCluster.Engine.Embedded;

/// <summary>Makes a renamed or deleted file's directory entry durable. The class library has no call for it.</summary>
internal static class DirectorySync
{
    /// <summary>Flushes a directory to the disk. Windows does so with the rename itself.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public static void Flush(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = Open(directory, 0);
        if (descriptor < 0)
        {
            throw Failed(directory);
        }

        try
        {
            if (Synchronize(descriptor) != 0)
            {
                throw Failed(directory);
            }
        }
        finally
        {
            Close(descriptor);
        }
    }

    private static IOException Failed(string directory)
        => new($"{directory} could not be flushed to the disk: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");

    [DllImport("libc", EntryPoint = "open", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int Open(string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static extern int Synchronize(int descriptor);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    private static extern int Close(int descriptor);
}
