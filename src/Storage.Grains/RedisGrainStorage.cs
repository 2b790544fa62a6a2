using KVCluster.Storage.Redis;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace KVCluster.Storage.Grains;

/// <summary>
/// Grain states in Redis, laid out as Microsoft.Orleans.Persistence.Redis lays them out: a hash at <c>{service}/state/{grain}/{state}</c>
/// with the fields etag and data (JSON), written by compare-and-set of the ETag, without expiry. As durable as the server: it must be one
/// that keeps what it acknowledged and evicts nothing.
/// </summary>
public sealed class RedisGrainStorage : IGrainStorage
{
    /// <summary>KEYS: the record. ARGV: the ETag known or "", the next, the data. The ETag found, or null where the record is as wanted.
    /// A record that bears the next ETag already is this very write, sent again after its answer was lost.</summary>
    private static readonly RedisScript WriteScript = new("""
        local etag = redis.call('HGET', KEYS[1], 'etag') or ''
        if etag == ARGV[2] then
            return false
        end
        if etag ~= ARGV[1] then
            return etag
        end
        redis.call('HSET', KEYS[1], 'etag', ARGV[2], 'data', ARGV[3])
        return false
        """);

    /// <summary>
    /// KEYS: the record. ARGV: the ETag known or "", whether the call is sent again. The ETag found, or null where the record is gone.
    /// </summary>
    private static readonly RedisScript ClearScript = new("""
        local etag = redis.call('HGET', KEYS[1], 'etag') or ''
        if etag ~= ARGV[1] and not (etag == '' and ARGV[2] == 'again') then
            return etag
        end
        redis.call('DEL', KEYS[1])
        return false
        """);

    private readonly RedisClient _client;
    private readonly string _serviceId;

    /// <summary>A storage on a client, which stays the caller's to close.</summary>
    /// <param name="client">The durable server's.</param>
    /// <param name="serviceId">Name of the service the states belong to: begins every key.</param>
    public RedisGrainStorage(RedisClient client, string serviceId)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrEmpty(serviceId);
        _client = client;
        _serviceId = serviceId;
    }

    /// <inheritdoc/>
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ReadStateAsync(stateName, grainId, grainState, CancellationToken.None);

    /// <inheritdoc/>
    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        WriteStateAsync(stateName, grainId, grainState, CancellationToken.None);

    /// <inheritdoc/>
    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ClearStateAsync(stateName, grainId, grainState, CancellationToken.None);

    /// <inheritdoc/>
    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(grainState);
        var command = new RedisCommand("HMGET", Key(stateName, grainId), "etag", "data");
        RespValue record = await _client.ExecuteAsync(command, cancellationToken).ConfigureAwait(false);
        RespValue tag = record.Items[0];
        RespValue data = record.Items[1];
        if (tag.IsNull != data.IsNull)
        {
            throw new InvalidDataException($"the record of the state {stateName} of grain {grainId} is not whole");
        }

        // Microsoft's storage keeps an empty record, with its ETag, of a state that was cleared.
        bool exists = !data.Bytes.IsEmpty;
        grainState.State = exists ? StateRecord.Read<T>(data.Bytes.Span) : Activator.CreateInstance<T>();
        grainState.ETag = tag.IsNull ? null : tag.Text;
        grainState.RecordExists = exists;
    }

    /// <inheritdoc/>
    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(grainState);

        // The state is the grain's: it is read before the first await.
        byte[] data = StateRecord.Write(grainState.State);
        string next = Guid.NewGuid().ToString("N");
        RespValue found = await RunAsync(
            WriteScript, stateName, grainId, _ => [grainState.ETag ?? "", next, data], cancellationToken).ConfigureAwait(false);
        ThrowIfOther(found, grainState.ETag, stateName, grainId);
        grainState.ETag = next;
        grainState.RecordExists = true;
    }

    /// <inheritdoc/>
    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(grainState);
        RespValue found = await RunAsync(
            ClearScript, stateName, grainId, again => [grainState.ETag ?? "", again ? "again" : ""], cancellationToken)
            .ConfigureAwait(false);
        ThrowIfOther(found, grainState.ETag, stateName, grainId);
        grainState.State = Activator.CreateInstance<T>();
        grainState.ETag = null;
        grainState.RecordExists = false;
    }

    /// <summary>Runs a script, once more where its answer was lost: both know their own earlier run.</summary>
    private async Task<RespValue> RunAsync(
        RedisScript script, string stateName, GrainId grainId, Func<bool, RedisArgument[]> arguments, CancellationToken cancellationToken)
    {
        RedisArgument[] keys = [Key(stateName, grainId)];
        try
        {
            return await script.RunAsync(_client, keys, arguments(false), cancellationToken).ConfigureAwait(false);
        }
        catch (RedisUnavailableException error) when (!error.NotSent)
        {
            return await script.RunAsync(_client, keys, arguments(true), cancellationToken).ConfigureAwait(false);
        }
    }

    private static void ThrowIfOther(RespValue found, string? known, string stateName, GrainId grainId)
    {
        if (!found.IsNull)
        {
            throw StateRecord.Conflict(found.Bytes.IsEmpty ? null : found.Text, known, stateName, grainId);
        }
    }

    private string Key(string stateName, GrainId grainId) => $"{_serviceId}/state/{grainId}/{stateName}";
}
