using System.Text;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace KVCluster.Engine.Embedded;

/// <summary>
/// States as files of a directory: <c>state/type/key.json</c>, the first line the ETag, the rest JSON. A write goes to a temporary file, is flushed
/// to the disk and takes the old file's name, so that a crash leaves the old state or the new one, whole.
/// </summary>
internal sealed class DirectoryGrainStorage : IGrainStorage, IDisposable
{
    private const int TagLength = 32;

    private readonly string _root;
    private readonly string _unfinished;
    private readonly FileStream _lock;

    // One writer of a file at a time: comparing the ETag and replacing the file are one step.
    private readonly SemaphoreSlim[] _writers = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];

    public DirectoryGrainStorage(string root)
    {
        _root = root;
        Directory.CreateDirectory(root);
        try
        {
            _lock = new FileStream(Path.Combine(root, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new IOException($"The grain states in {root} are in use by another process or cluster: {exception.Message}", exception);
        }

        // What a crash left half-written.
        _unfinished = Path.Combine(root, ".unfinished");
        if (Directory.Exists(_unfinished))
        {
            Directory.Delete(_unfinished, recursive: true);
        }

        Directory.CreateDirectory(_unfinished);
    }

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var content = await ReadAsync(PathOf(stateName, grainId)).ConfigureAwait(false);
        grainState.State = content is null ? StateJson.New<T>() : StateJson.Read<T>(content.AsSpan(TagLength + 1));
        grainState.ETag = content is null ? null : Encoding.ASCII.GetString(content, 0, TagLength);
        grainState.RecordExists = content is not null;
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        // The state is the grain's: it is read before the first await.
        var json = StateJson.Write(grainState.State);
        var tag = Guid.NewGuid().ToString("N");
        var path = PathOf(stateName, grainId);
        await ExclusivelyAsync(path, async () =>
        {
            ETags.ThrowIfOther(await ReadTagAsync(path).ConfigureAwait(false), grainState.ETag, stateName, grainId);
            await ReplaceAsync(path, tag, json).ConfigureAwait(false);
        }).ConfigureAwait(false);
        grainState.ETag = tag;
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var path = PathOf(stateName, grainId);
        await ExclusivelyAsync(path, async () =>
        {
            ETags.ThrowIfOther(await ReadTagAsync(path).ConfigureAwait(false), grainState.ETag, stateName, grainId);
            if (File.Exists(path))
            {
                File.Delete(path);
                DirectorySync.Flush(Path.GetDirectoryName(path)!);
            }
        }).ConfigureAwait(false);
        grainState.State = StateJson.New<T>();
        grainState.ETag = null;
        grainState.RecordExists = false;
    }

    public void Dispose() => _lock.Dispose();

    private static async Task<byte[]?> ReadAsync(string path)
    {
        try
        {
            var content = await File.ReadAllBytesAsync(path).ConfigureAwait(false);
            return content.Length > TagLength && content[TagLength] == '\n' ? content
                : throw new InvalidDataException($"{path} is not a grain state: it has no ETag in its first line.");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static async Task<string?> ReadTagAsync(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using var file = File.OpenHandle(path);
        var tag = new byte[TagLength];
        return await RandomAccess.ReadAsync(file, tag, 0).ConfigureAwait(false) == TagLength ? Encoding.ASCII.GetString(tag)
            : throw new InvalidDataException($"{path} is not a grain state: it has no ETag in its first line.");
    }

    private async Task ReplaceAsync(string path, string tag, byte[] json)
    {
        var folder = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(folder);
        var temporary = Path.Combine(_unfinished, tag);
        try
        {
            using (var file = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.Asynchronous))
            {
                await RandomAccess.WriteAsync(file, [Encoding.ASCII.GetBytes(tag + "\n"), json], 0).ConfigureAwait(false);
                RandomAccess.FlushToDisk(file);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        DirectorySync.Flush(folder);
    }

    private string PathOf(string stateName, GrainId grain) => Path.Combine(_root, StateFileName.Of(stateName, grain));

    private async Task ExclusivelyAsync(string path, Func<Task> operation)
    {
        var writer = _writers[(uint)path.GetHashCode() % _writers.Length];
        await writer.WaitAsync().ConfigureAwait(false);
        try
        {
            await operation().ConfigureAwait(false);
        }
        finally
        {
            writer.Release();
        }
    }
}
