using Orleans.Runtime;

namespace KVCluster.Engine.Embedded;

/// <summary>
/// The streams that an activation's callers read. Everything here runs in the activation's turns. A stream that nobody asked for over a whole
/// response timeout has lost its reader and is closed.
/// </summary>
internal sealed class EnumeratorHost(Activation activation)
{
    private readonly Dictionary<long, HostedStream> _streams = [];
    private IGrainTimer? _collector;

    private TimeSpan ResponseTimeout => activation.Silo.ResponseTimeout;

    public Task<StreamResult<T>> StartAsync<T>(long id, StreamMethod<T> method, object?[] arguments, int maxBatchSize, CancellationToken token)
    {
        var stream = new HostedStream<T>(method, activation.GrainInstance!, arguments, maxBatchSize);
        _streams.Add(id, stream);
        _collector ??= activation.RegisterTimer(CollectAsync, new GrainTimerCreationOptions(ResponseTimeout, ResponseTimeout) { Interleave = true });
        return ReadAsync(id, stream, token);
    }

    public Task<StreamResult<T>> MoveNextAsync<T>(long id, CancellationToken token)
        => _streams.TryGetValue(id, out var stream) ? ReadAsync(id, (HostedStream<T>)stream, token)
            : Task.FromResult(new StreamResult<T>(StreamStatus.Unknown));

    public async Task RemoveAsync(long id)
    {
        if (_streams.Remove(id, out var stream))
        {
            await CloseAsync(stream);
        }

        if (_streams.Count == 0)
        {
            _collector?.Dispose();
            _collector = null;
        }
    }

    public async Task DisposeAsync()
    {
        foreach (var id in _streams.Keys.ToArray())
        {
            await RemoveAsync(id);
        }
    }

    private async Task<StreamResult<T>> ReadAsync<T>(long id, HostedStream<T> stream, CancellationToken token)
    {
        var result = await stream.ReadAsync(ResponseTimeout / 2, activation.Silo.Time, token);
        if (result.Status is not (StreamStatus.More or StreamStatus.Waiting))
        {
            await RemoveAsync(id);
        }

        return result;
    }

    private async Task CollectAsync(CancellationToken token)
    {
        foreach (var (id, _) in _streams.Where(pair => pair.Value.IsForgotten()).ToArray())
        {
            await RemoveAsync(id);
        }
    }

    private async Task CloseAsync(HostedStream stream)
    {
        try
        {
            await stream.CloseAsync().WaitAsync(ResponseTimeout, activation.Silo.Time);
        }
        catch (Exception exception)
        {
            activation.Silo.Log.StreamFailed(exception, activation);
        }
    }
}
