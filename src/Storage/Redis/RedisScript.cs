using System.Security.Cryptography;
using System.Text;

namespace KVCluster.Storage.Redis;

/// <summary>A Lua script: run by its hash, sent whole only to a server that does not have it.</summary>
public sealed class RedisScript
{
    private readonly byte[] _source;
    private readonly byte[] _hash;

    /// <summary>A script from its source.</summary>
    public RedisScript(string source)
    {
        _source = Encoding.UTF8.GetBytes(source);

        // The protocol's name for a script, not a protection.
        _hash = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA1.HashData(_source)));
    }

    /// <summary>Runs it. All keys must be in one slot of a cluster.</summary>
    public async Task<RespValue> RunAsync(
        RedisClient client, IReadOnlyList<RedisArgument> keys, IReadOnlyList<RedisArgument> arguments, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(client);
        try
        {
            return await client.ExecuteAsync(Command("EVALSHA", _hash, keys, arguments), cancellationToken).ConfigureAwait(false);
        }
        catch (RedisServerException error) when (error.Code == "NOSCRIPT")
        {
            return await client.ExecuteAsync(Command("EVAL", _source, keys, arguments), cancellationToken).ConfigureAwait(false);
        }
    }

    private static RedisCommand Command(
        string name, byte[] script, IReadOnlyList<RedisArgument> keys, IReadOnlyList<RedisArgument> arguments)
    {
        RedisArgument[] all = [name, script, keys.Count, .. keys, .. arguments];
        return new RedisCommand(all) { KeyIndex = keys.Count > 0 ? 3 : 0 };
    }
}
