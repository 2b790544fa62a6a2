using System.Text.Json;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace KVCluster.Engine.Embedded;

/// <summary>States in memory, as JSON, so that no activation shares an object with another.</summary>
internal sealed class MemoryGrainStorage : IGrainStorage
{
    private static readonly JsonSerializerOptions Options = new() { IncludeFields = true };

    private readonly Dictionary<(string Name, GrainId Grain), (string Tag, byte[] Json)> _records = [];

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        (string Tag, byte[] Json) record;
        lock (_records)
        {
            grainState.RecordExists = _records.TryGetValue((stateName, grainId), out record);
        }

        grainState.ETag = record.Tag;
        grainState.State = grainState.RecordExists ? JsonSerializer.Deserialize<T>(record.Json, Options) : Activator.CreateInstance<T>();
        return Task.CompletedTask;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var record = (Guid.NewGuid().ToString("N"), JsonSerializer.SerializeToUtf8Bytes(grainState.State, Options));
        Exchange(stateName, grainId, grainState.ETag, record);
        grainState.ETag = record.Item1;
        grainState.RecordExists = true;
        return Task.CompletedTask;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        Exchange(stateName, grainId, grainState.ETag, null);
        grainState.State = Activator.CreateInstance<T>();
        grainState.ETag = null;
        grainState.RecordExists = false;
        return Task.CompletedTask;
    }

    private void Exchange(string stateName, GrainId grainId, string? known, (string Tag, byte[] Json)? next)
    {
        lock (_records)
        {
            var stored = _records.GetValueOrDefault((stateName, grainId)).Tag;
            if (stored != known)
            {
                throw new InconsistentStateException(
                    $"Version conflict of the state {stateName} of grain {grainId}: the stored ETag is {stored ?? "none"}, the writer's {known ?? "none"}.",
                    stored, known);
            }

            if (next is { } record)
            {
                _records[(stateName, grainId)] = record;
            }
            else
            {
                _records.Remove((stateName, grainId));
            }
        }
    }
}
