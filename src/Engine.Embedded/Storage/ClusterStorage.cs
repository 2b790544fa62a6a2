using System.Collections.Concurrent;

namespace KVCluster.Engine.Embedded;

/// <summary>The stores that the silos of one cluster share.</summary>
internal sealed class ClusterStorage : IDisposable
{
    private readonly ConcurrentDictionary<string, MemoryGrainStorage> _memory = new();
    private readonly Dictionary<string, DirectoryGrainStorage> _directories = [];

    public MemoryGrainStorage Memory(string name) => _memory.GetOrAdd(name, static _ => new MemoryGrainStorage());

    public DirectoryGrainStorage Directory(string path)
    {
        path = Path.GetFullPath(path);
        lock (_directories)
        {
            return _directories.TryGetValue(path, out var storage) ? storage : _directories[path] = new DirectoryGrainStorage(path);
        }
    }

    public void Dispose()
    {
        lock (_directories)
        {
            foreach (var storage in _directories.Values)
            {
                storage.Dispose();
            }
        }
    }
}
