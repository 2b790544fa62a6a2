using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KVCluster.Storage.Directories;

/// <summary>Files and folders that must survive a power failure.</summary>
internal static partial class DurableFiles
{
    /// <summary>Most parts handed to the system at once; it takes 1024 at most.</summary>
    private const int PartsAtOnce = 512;

    /// <summary>Writes all parts, one after another.</summary>
    public static void Write(SafeFileHandle file, IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        long offset = 0;
        for (int first = 0; first < parts.Count; first += PartsAtOnce)
        {
            ReadOnlyMemory<byte>[] some = [.. parts.Skip(first).Take(PartsAtOnce)];
            RandomAccess.Write(file, some, offset);
            offset += some.Sum(p => (long)p.Length);
        }
    }

    /// <summary>Fills all parts, one after another; the file is known to be long enough. False where it ends before they are full.</summary>
    public static bool Read(SafeFileHandle file, IReadOnlyList<Memory<byte>> parts)
    {
        long offset = 0;
        int part = 0;
        int within = 0;
        while (part < parts.Count)
        {
            var some = new List<Memory<byte>>(Math.Min(PartsAtOnce, parts.Count - part)) { parts[part][within..] };
            for (int i = part + 1; i < parts.Count && some.Count < PartsAtOnce; i++)
            {
                some.Add(parts[i]);
            }

            long wanted = some.Sum(p => (long)p.Length);
            long read = wanted == 0 ? 0 : RandomAccess.Read(file, some, offset);
            if (read == 0 && wanted > 0)
            {
                return false;
            }

            offset += read;
            read += within;
            within = 0;
            while (part < parts.Count && read >= parts[part].Length)
            {
                read -= parts[part++].Length;
            }

            within = (int)read;
        }

        return true;
    }

    /// <summary>Makes names in a folder durable. Windows does so by itself.</summary>
    public static void SyncFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        int descriptor = Open(path, 0);
        if (descriptor < 0)
        {
            throw new IOException($"cannot open folder {path}: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        try
        {
            if (Sync(descriptor) != 0)
            {
                throw new IOException($"cannot sync folder {path}: {Marshal.GetLastPInvokeErrorMessage()}");
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    /// <summary>Whether a failure means that there is no room: disk full, quota spent, file too large for the system.</summary>
    public static bool IsFull(IOException e) => OperatingSystem.IsWindows()
        ? (e.HResult & 0xffff) is 0x70 or 0x27
        : e.HResult is 28 or 27 || e.HResult == (OperatingSystem.IsMacOS() ? 69 : 122);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
