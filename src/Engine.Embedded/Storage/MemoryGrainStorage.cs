using System.Collections.Concurrent;
using System.Globalization;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace KVCluster.Engine.Embedded;

/// <summary>States in memory, as JSON, so that no activation shares an object with another.</summary>
internal sealed class MemoryGrainStorage : IGrainStorage
{
    private readonly ConcurrentDictionary<(string Name, GrainId Grain), Entry> _entries = new();
    private long _lastTag;

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var found = _entries.TryGetValue((stateName, grainId), out var entry);
        grainState.State = found ? StateJson.Read<T>(entry!.Json) : StateJson.New<T>();
        grainState.ETag = entry?.Tag;
        grainState.RecordExists = found;
        return Task.CompletedTask;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var written = new Entry(Interlocked.Increment(ref _lastTag).ToString(CultureInfo.InvariantCulture), StateJson.Write(grainState.State));
        var key = (stateName, grainId);
        var current = _entries.GetValueOrDefault(key);
        ETags.ThrowIfOther(current?.Tag, grainState.ETag, stateName, grainId);
        if (!(current is null ? _entries.TryAdd(key, written) : _entries.TryUpdate(key, written, current)))
        {
            ETags.Throw(_entries.GetValueOrDefault(key)?.Tag, grainState.ETag, stateName, grainId);
        }

        grainState.ETag = written.Tag;
        grainState.RecordExists = true;
        return Task.CompletedTask;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var key = (stateName, grainId);
        var current = _entries.GetValueOrDefault(key);
        ETags.ThrowIfOther(current?.Tag, grainState.ETag, stateName, grainId);
        if (current is not null && !_entries.TryRemove(new KeyValuePair<(string, GrainId), Entry>(key, current)))
        {
            ETags.Throw(_entries.GetValueOrDefault(key)?.Tag, grainState.ETag, stateName, grainId);
        }

        grainState.State = StateJson.New<T>();
        grainState.ETag = null;
        grainState.RecordExists = false;
        return Task.CompletedTask;
    }

    private sealed class Entry(string tag, byte[] json)
    {
        public string Tag { get; } = tag;

        public byte[] Json { get; } = json;
    }
}
