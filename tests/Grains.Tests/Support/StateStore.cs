using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace KVCluster.Grains.Tests;

/// <summary>A grain storage that outlives silos, writes JSON as the real ones do, and fails or waits where a test says so.</summary>
internal sealed class StateStore : IGrainStorage
{
    private readonly ConcurrentDictionary<string, (string ETag, byte[] Json)> _states = new(StringComparer.Ordinal);
    private int _etag;

    /// <summary>Called before a session's state is written; may throw or wait.</summary>
    public Func<SessionState, Task>? BeforeWrite { get; set; }

    /// <summary>Called before a state is removed; may throw.</summary>
    public Action? BeforeClear { get; set; }

    /// <summary>Writes of sessions' states so far.</summary>
    public int SessionWrites { get; private set; }

    /// <summary>Writes of tenants' indexes so far.</summary>
    public int IndexWrites { get; private set; }

    public SessionState? Session(string key) => _states.TryGetValue($"session/{key}", out var state)
        ? JsonSerializer.Deserialize<SessionState>(state.Json)
        : null;

    /// <summary>Writes over a state, as another activation would.</summary>
    public void Replace(string key, SessionState state) =>
        _states[$"session/{key}"] = (NextETag(), JsonSerializer.SerializeToUtf8Bytes(state));

    /// <summary>Removes a state, as another activation would.</summary>
    public void Remove(string key) => _states.TryRemove($"session/{key}", out _);

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (_states.TryGetValue(Key(stateName, grainId), out var state))
        {
            grainState.State = JsonSerializer.Deserialize<T>(state.Json)!;
            (grainState.ETag, grainState.RecordExists) = (state.ETag, true);
        }
        else
        {
            grainState.State = Activator.CreateInstance<T>();
            (grainState.ETag, grainState.RecordExists) = (null, false);
        }

        return Task.CompletedTask;
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(grainState.State);
        if (grainState.State is SessionState session)
        {
            SessionWrites++;
            await (BeforeWrite?.Invoke(session) ?? Task.CompletedTask);
        }
        else
        {
            IndexWrites++;
        }

        string next = NextETag();
        var written = _states.AddOrUpdate(
            Key(stateName, grainId),
            _ => grainState.ETag is null ? (next, json) : throw Conflict(grainState.ETag, null),
            (_, stored) => stored.ETag == grainState.ETag ? (next, json) : throw Conflict(grainState.ETag, stored.ETag));
        (grainState.ETag, grainState.RecordExists) = (written.Item1, true);
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        BeforeClear?.Invoke();
        if (_states.TryGetValue(Key(stateName, grainId), out var stored) && stored.ETag != grainState.ETag)
        {
            throw Conflict(grainState.ETag!, stored.ETag);
        }

        _states.TryRemove(Key(stateName, grainId), out _);
        grainState.State = Activator.CreateInstance<T>();
        (grainState.ETag, grainState.RecordExists) = (null, false);
        return Task.CompletedTask;
    }

    private static InconsistentStateException Conflict(string? current, string? stored) =>
        new("the state was written by another", stored, current);

    private static string Key(string stateName, GrainId grainId) => $"{stateName}/{grainId.Key}";

    private string NextETag() => Interlocked.Increment(ref _etag).ToString(CultureInfo.InvariantCulture);
}
