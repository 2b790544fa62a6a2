using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KVCluster.Inference.Models;

/// <summary>A whole file mapped read-only. All access is by offset and checked against the file's length.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private byte* _start;

    private MappedFile(string path, FileStream stream)
    {
        Path = path;
        Length = stream.Length;
        _file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        try
        {
            _view = _file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        }
        catch
        {
            _view?.Dispose();
            _file.Dispose();
            throw;
        }
    }

    public string Path { get; }

    public long Length { get; }

    /// <exception cref="ModelFormatException">The file is absent, empty or cannot be read.</exception>
    public static MappedFile Open(string path)
    {
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            return stream.Length > 0 ? new MappedFile(path, stream) : throw new ModelFormatException(path, "the file is empty");
        }
        catch (Exception e)
        {
            stream?.Dispose();
            if (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
            {
                throw new ModelFormatException(path, $"cannot be opened ({e.Message})", e);
            }

            throw;
        }
    }

    /// <summary>Part of the file, in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Span(long offset, int length)
    {
        byte* start = _start;
        ObjectDisposedException.ThrowIf(start is null, this);
        if ((ulong)offset > (ulong)Length || (ulong)length > (ulong)(Length - offset))
        {
            throw new ArgumentOutOfRangeException(nameof(offset));
        }

        return new ReadOnlySpan<byte>(start + offset, length);
    }

    /// <summary>Lets the system drop the whole pages inside a range from this process; reading maps them anew.</summary>
    public void ReleaseResidentPages(long offset, long length)
    {
        if (!OperatingSystem.IsLinux() || _start is null || offset < 0 || length < 0 || length > Length - offset)
        {
            return;
        }

        nuint page = (nuint)Environment.SystemPageSize;
        nuint begin = ((nuint)(_start + offset) + page - 1) / page * page;
        nuint end = (nuint)(_start + offset + length) / page * page;
        if (end > begin)
        {
            // Only a hint about memory: if the kernel refuses it, the pages simply stay.
            _ = MemoryAdvice((void*)begin, end - begin, DontNeed);
        }
    }

    public void Dispose()
    {
        if (_start is null)
        {
            return;
        }

        _start = null;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private const int DontNeed = 4;

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int MemoryAdvice(void* address, nuint length, int advice);
}
