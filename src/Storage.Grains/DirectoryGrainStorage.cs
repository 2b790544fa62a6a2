using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace KVCluster.Storage.Grains;

/// <summary>Grain states as JSON in the files of a directory: <c>state/type/key.json</c>.</summary>
/// <param name="directory">Shared by the silos of this process; it stays the caller's to close.</param>
public sealed class DirectoryGrainStorage(StateDirectory directory) : IGrainStorage
{
    /// <inheritdoc/>
    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        ArgumentNullException.ThrowIfNull(grainState);
        (string Tag, ReadOnlyMemory<byte> Data)? record = await directory.ReadAsync(StateFileName.Of(stateName, grainId)).ConfigureAwait(false);
        grainState.State = record is null ? Activator.CreateInstance<T>() : StateRecord.Read<T>(record.Value.Data.Span);
        grainState.ETag = record?.Tag;
        grainState.RecordExists = record is not null;
    }

    /// <inheritdoc/>
    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        ArgumentNullException.ThrowIfNull(grainState);

        // The state is the grain's: it is read before the first await.
        byte[] data = StateRecord.Write(grainState.State);
        string tag = Guid.NewGuid().ToString("N");
        await ExchangeAsync(stateName, grainId, grainState.ETag, tag, data).ConfigureAwait(false);
        grainState.ETag = tag;
        grainState.RecordExists = true;
    }

    /// <inheritdoc/>
    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        ArgumentNullException.ThrowIfNull(grainState);
        await ExchangeAsync(stateName, grainId, grainState.ETag, "", null).ConfigureAwait(false);
        grainState.State = Activator.CreateInstance<T>();
        grainState.ETag = null;
        grainState.RecordExists = false;
    }

    private async Task ExchangeAsync(string stateName, GrainId grainId, string? known, string tag, ReadOnlyMemory<byte>? data)
    {
        (bool done, string? found) = await directory.ExchangeAsync(StateFileName.Of(stateName, grainId), known, tag, data).ConfigureAwait(false);
        if (!done)
        {
            throw StateRecord.Conflict(found, known, stateName, grainId);
        }
    }
}
