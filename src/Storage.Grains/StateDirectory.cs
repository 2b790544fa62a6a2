using System.Collections.Concurrent;
using System.Text;
using KVCluster.Storage.Directories;

namespace KVCluster.Storage.Grains;

/// <summary>
/// A directory of records in files: the first line is the ETag, the rest the data. A write goes to a temporary file, is flushed to the disk and takes
/// the old file's name, so that a crash leaves the old record or the new one, whole. While it is open, no other process and no other instance has it.
/// </summary>
public sealed class StateDirectory : IDisposable
{
    private const int TagLength = 32;

    private readonly string _root;
    private readonly string _unfinished;
    private readonly FileStream _lock;

    // Folders whose names, up to the root, are known to be on the disk.
    private readonly ConcurrentDictionary<string, bool> _named = new(StringComparer.Ordinal);

    // One writer of a file at a time: comparing the ETag and replacing the file are one step.
    private readonly SemaphoreSlim[] _writers = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];

    /// <summary>Opens a directory, which is made when it is absent.</summary>
    /// <exception cref="IOException">It is in use, or cannot be written.</exception>
    public StateDirectory(string root)
    {
        _root = Path.GetFullPath(root);
        Directory.CreateDirectory(_root);
        try
        {
            _lock = new FileStream(Path.Combine(_root, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new IOException($"The grain states in {_root} are in use by another process or cluster: {exception.Message}", exception);
        }

        // What a crash left half-written.
        _unfinished = Path.Combine(_root, ".unfinished");
        if (Directory.Exists(_unfinished))
        {
            Directory.Delete(_unfinished, recursive: true);
        }

        Directory.CreateDirectory(_unfinished);
    }

    /// <summary>Told of each folder whose names are on the disk from then on: what tests look at.</summary>
    internal Action<string>? Synced { get; set; }

    /// <summary>Gives the directory back.</summary>
    public void Dispose() => _lock.Dispose();

    /// <summary>A record's ETag and data; null where there is none.</summary>
    /// <exception cref="InvalidDataException">The file is no record.</exception>
    internal async Task<(string Tag, ReadOnlyMemory<byte> Data)?> ReadAsync(string name)
    {
        string path = Path.Combine(_root, name);
        byte[] content;
        try
        {
            content = await File.ReadAllBytesAsync(path).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        return content.Length > TagLength && content[TagLength] == '\n'
            ? (Encoding.ASCII.GetString(content, 0, TagLength), content.AsMemory(TagLength + 1))
            : throw NoRecord(path);
    }

    /// <summary>Replaces a record, or removes it where there is no data, if its ETag is the one known; null for no record.</summary>
    /// <returns>Whether it was so, and the ETag found.</returns>
    internal async Task<(bool Done, string? Found)> ExchangeAsync(string name, string? known, string tag, ReadOnlyMemory<byte>? data)
    {
        string path = Path.Combine(_root, name);
        SemaphoreSlim writer = _writers[(uint)path.GetHashCode(StringComparison.Ordinal) % _writers.Length];
        await writer.WaitAsync().ConfigureAwait(false);
        try
        {
            string? found = await ReadTagAsync(path).ConfigureAwait(false);
            if (found != known)
            {
                return (false, found);
            }

            if (data is { } bytes)
            {
                await ReplaceAsync(path, tag, bytes).ConfigureAwait(false);
            }
            else if (found is not null)
            {
                File.Delete(path);
                SyncFolder(Path.GetDirectoryName(path)!);
            }

            return (true, found);
        }
        finally
        {
            writer.Release();
        }
    }

    private static async Task<string?> ReadTagAsync(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using var file = File.OpenHandle(path);
        byte[] tag = new byte[TagLength];
        return await RandomAccess.ReadAsync(file, tag, 0).ConfigureAwait(false) == TagLength ? Encoding.ASCII.GetString(tag) : throw NoRecord(path);
    }

    private static InvalidDataException NoRecord(string path) => new($"{path} is not a grain state: it has no ETag in its first line.");

    private async Task ReplaceAsync(string path, string tag, ReadOnlyMemory<byte> data)
    {
        string folder = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(folder);
        string temporary = Path.Combine(_unfinished, tag);
        try
        {
            using (var file = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.Asynchronous))
            {
                await RandomAccess.WriteAsync(file, [Encoding.ASCII.GetBytes(tag + "\n"), data], 0).ConfigureAwait(false);
                RandomAccess.FlushToDisk(file);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        SyncFolder(folder);
        SyncNames(folder);
    }

    /// <summary>A file is as durable as the names of all folders above it; a process before this one may have made them and not lived to sync them.</summary>
    private void SyncNames(string folder)
    {
        if (_named.ContainsKey(folder))
        {
            return;
        }

        for (string above = folder; above != _root;)
        {
            above = Path.GetDirectoryName(above)!;
            SyncFolder(above);
        }

        _named[folder] = true;
    }

    private void SyncFolder(string folder)
    {
        DurableFiles.SyncFolder(folder);
        Synced?.Invoke(folder);
    }
}
