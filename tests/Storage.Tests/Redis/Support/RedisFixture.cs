using KVCluster.Storage.Redis;

namespace KVCluster.Storage.Tests.Redis.Support;

/// <summary>One plain server for all tests of a class; each takes keys of its own.</summary>
public sealed class RedisFixture : IAsyncLifetime
{
    private RedisServer? _server;

    internal RedisServer Server => _server ?? throw new InvalidOperationException("the server is not running");

    public async Task InitializeAsync()
    {
        if (RedisProgram.SkipReason is null)
        {
            _server = await RedisServer.StartAsync();
        }
    }

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    public RedisClient Client(string settings = "") => new(RedisOptions.Parse($"redis://{Server.Address}{settings}"));
}
