using System.Text.RegularExpressions;
using KVCluster.Inference;
using KVCluster.Silo.Configuration;
using KVCluster.Storage;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Directories;
using KVCluster.Storage.Redis;
using KVCluster.Storage.Redis.Blobs;

namespace KVCluster.Silo.Serving;

/// <summary>Opens the cold store that the settings name.</summary>
internal static partial class ColdStores
{
    /// <summary>The store of a server; null where the settings say 'none'. What it needs besides is put on the stack of what to undo.</summary>
    /// <exception cref="InputException">A setting is wrong, or the directory is in use.</exception>
    public static ISnapshotStore? Open(ServerSettings settings, TimeProvider time, Action<string> complain, Stack<Func<ValueTask>> undo)
    {
        if (IsNone(settings))
        {
            return null;
        }

        var options = new SnapshotStoreOptions
        {
            Codec = settings.Cold.Codec,
            Keys = ColdKeys.Open(settings.Cold.Keys, time, complain),
            Time = time,
        };
        var store = new SnapshotStore(OpenBlobs(settings, time, readOnly: false, undo), options);
        undo.Push(store.DisposeAsync);
        return store;
    }

    /// <summary>The store itself; the caller disposes of it, then undoes the stack.</summary>
    /// <exception cref="InputException">A setting is wrong, or the directory is in use, cannot be written, or, to be read only, is not there.</exception>
    public static IBlobStore OpenBlobs(ServerSettings settings, TimeProvider time, bool readOnly, Stack<Func<ValueTask>> undo)
    {
        if (IsNone(settings))
        {
            throw new InputException("setting 'Cold:Store' is 'none': there is no cold store");
        }

        var live = TimeSpan.FromHours(settings.Cold.TtlHours);
        var budget = new BlobBudget { TotalBytes = settings.Cold.BudgetBytes, TenantBytes = settings.Cold.TenantBudgetBytes };
        string store = settings.Cold.Store;
        if (IsRedis(store))
        {
            var client = new RedisClient(RedisOptions.Parse(store), time);
            undo.Push(client.DisposeAsync);
            return new RedisBlobStore(client, new RedisBlobStoreOptions { Prefix = settings.State.Service, TimeToLive = live, Budget = budget });
        }

        string path = store.Length > 0 ? store : Path.Combine(DataFolder.Of(settings), "cold");
        if (readOnly && !Directory.Exists(path))
        {
            throw new InputException($"there is no cold store at {path}");
        }

        try
        {
            return new DirectoryBlobStore(new DirectoryBlobStoreOptions { Path = path, Budget = budget, TimeToLive = live, Time = time, ReadOnly = readOnly });
        }
        catch (StoreUnavailableException e)
        {
            throw new InputException(e.Message, e);
        }
    }

    private static bool IsNone(ServerSettings settings) => settings.Cold.Store.Equals("none", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a store is named by a Redis connection string and not by a folder.</summary>
    /// <exception cref="InputException">It is a host and a port: as a folder's name nobody meant it.</exception>
    public static bool IsRedis(string store)
    {
        if (Address().Match(store) is { Success: true } address)
        {
            string name = address.Groups[1].Value;
            throw new InputException($"store '{name}' is an address without a scheme: write redis://{name} for Redis, ./{name} for a folder");
        }

        return store.StartsWith("redis://", StringComparison.OrdinalIgnoreCase) || store.StartsWith("rediss://", StringComparison.OrdinalIgnoreCase);
    }

    // What follows a comma may be a password, and is not repeated.
    [GeneratedRegex(@"^([^/\\,]+:[0-9]{1,5})(,.*)?$")]
    private static partial Regex Address();
}
