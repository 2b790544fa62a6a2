using KVCluster.Storage.Redis;
using KVCluster.Storage.Redis.Cluster;
using KVCluster.TestSupport;
using KVCluster.TestSupport.Redis;

namespace KVCluster.Storage.Tests.Redis.Support;

/// <summary>Three real masters that share the slots in equal parts.</summary>
internal sealed class RedisCluster : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly List<RedisServer> _servers = [];
    private readonly List<RedisClient> _clients = [];
    private readonly List<string> _ids = [];

    public IReadOnlyList<RedisServer> Servers => _servers;

    public static async Task<RedisCluster> StartAsync(int nodes = 3)
    {
        var cluster = new RedisCluster();
        try
        {
            await cluster.FormAsync(nodes);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>A command to one node, whichever slots it serves.</summary>
    public Task<RespValue> AskAsync(int node, params RedisArgument[] command) =>
        _clients[node].ExecuteAsync(new RedisCommand(command) { KeyIndex = 0 }, default).WaitAsync(Limit);

    /// <summary>The node that serves a slot by the equal parts the cluster began with.</summary>
    public int FirstOwner(int slot) => Math.Min(slot / (HashSlot.Count / _servers.Count), _servers.Count - 1);

    /// <summary>Both nodes learn that a slot is on the move: new keys belong to the target, old ones are where they are.</summary>
    public async Task BeginMoveAsync(int slot, int from, int to)
    {
        await AskAsync(to, "CLUSTER", "SETSLOT", slot, "IMPORTING", _ids[from]);
        await AskAsync(from, "CLUSTER", "SETSLOT", slot, "MIGRATING", _ids[to]);
    }

    /// <summary>Moves up to so many keys of a slot; how many there were.</summary>
    public async Task<int> MoveKeysAsync(int slot, int from, int to, int count)
    {
        RespValue keys = await AskAsync(from, "CLUSTER", "GETKEYSINSLOT", slot, count);
        foreach (RespValue key in keys.Items)
        {
            await AskAsync(from, "MIGRATE", "127.0.0.1", _servers[to].Port, key.Bytes, 0, 30_000);
        }

        return keys.Items.Count;
    }

    /// <summary>The slot is the target's, and every node knows.</summary>
    public async Task EndMoveAsync(int slot, int to)
    {
        await AskAsync(to, "CLUSTER", "SETSLOT", slot, "NODE", _ids[to]);
        for (int node = 0; node < _servers.Count; node++)
        {
            await AskAsync(node, "CLUSTER", "SETSLOT", slot, "NODE", _ids[to]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (RedisClient client in _clients)
        {
            await client.DisposeAsync();
        }

        foreach (RedisServer server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    private async Task FormAsync(int nodes)
    {
        for (int node = 0; node < nodes; node++)
        {
            int bus = LoopbackPorts.Free();
            RedisServer server = await RedisServer.StartAsync(
                "--cluster-enabled", "yes", "--cluster-port", $"{bus}", "--cluster-node-timeout", "5000");
            _servers.Add(server);
            _clients.Add(new RedisClient(RedisOptions.Parse($"{server.Address}?connections=1&timeout=30&connect_timeout=30")));
            _ids.Add((await AskAsync(node, "CLUSTER", "MYID")).Text);
            int share = HashSlot.Count / nodes;
            int last = node == nodes - 1 ? HashSlot.Count - 1 : ((node + 1) * share) - 1;
            await AskAsync(node, "CLUSTER", "ADDSLOTSRANGE", node * share, last);
            await AskAsync(node, "CLUSTER", "SET-CONFIG-EPOCH", node + 1);
            if (node > 0)
            {
                await AskAsync(0, "CLUSTER", "MEET", "127.0.0.1", server.Port, bus);
            }
        }

        for (int node = 0; node < nodes; node++)
        {
            int asked = node;
            await Wait.UntilAsync(async () =>
                (await AskAsync(asked, "CLUSTER", "INFO")).Text.Contains("cluster_state:ok")
                && (await AskAsync(asked, "CLUSTER", "SLOTS")).Items.Count == nodes);
        }
    }
}
