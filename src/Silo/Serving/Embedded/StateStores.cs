using KVCluster.Engine.Embedded;
using KVCluster.Grains;
using KVCluster.Inference;
using KVCluster.Silo.Configuration;
using KVCluster.Storage.Grains;
using KVCluster.Storage.Redis;
using Orleans.Hosting;

namespace KVCluster.Silo.Serving;

/// <summary>The store of conversations that the settings name: a directory, or Redis (the durable role).</summary>
internal sealed class StateStores : IAsyncDisposable
{
    private readonly ServerSettings _settings;
    private readonly RedisClient? _redis;
    private StateDirectory? _directory;

    /// <exception cref="InputException">The connection string is malformed.</exception>
    public StateStores(ServerSettings settings, TimeProvider time)
    {
        _settings = settings;
        _redis = ColdStores.IsRedis(settings.State.Store) ? new RedisClient(RedisOptions.Parse(settings.State.Store), time) : null;
    }

    /// <summary>Where the conversations are, without secrets.</summary>
    public static string Describe(ServerSettings settings) =>
        ColdStores.IsRedis(settings.State.Store) ? RedisOptions.Parse(settings.State.Store).ToString() : DataFolder.Of(settings);

    /// <exception cref="InputException">The directory cannot be used.</exception>
    public void AddTo(ISiloBuilder silo)
    {
        if (_redis is not null)
        {
            silo.AddRedisGrainStorage(GrainStorageNames.Sessions, _redis, _settings.State.Service);
            return;
        }

        string path = Path.Combine(DataFolder.Of(_settings), "state");
        try
        {
            _directory ??= new StateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"the conversations' directory {path} cannot be used: {e.Message}", e);
        }

        silo.AddDirectoryGrainStorage(GrainStorageNames.Sessions, _directory);
    }

    public ValueTask DisposeAsync()
    {
        _directory?.Dispose();
        return _redis?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
