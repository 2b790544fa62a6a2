using KVCluster.Inference;
using KVCluster.Silo.Configuration;
using KVCluster.Storage;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Directories;
using KVCluster.Storage.Redis;
using KVCluster.Storage.Redis.Blobs;

namespace KVCluster.Silo.Serving;

/// <summary>Opens the cold store that the settings name.</summary>
internal static class ColdStores
{
    private static readonly Dictionary<string, SnapshotCodec> Codecs = new(StringComparer.OrdinalIgnoreCase)
    {
        ["raw"] = SnapshotCodec.Raw,
        ["packed"] = SnapshotCodec.Packed,
        ["bf16"] = SnapshotCodec.BFloat16,
        ["int8"] = SnapshotCodec.Int8,
        ["int4"] = SnapshotCodec.Int4,
    };

    /// <summary>Null where the settings say 'none'.</summary>
    /// <exception cref="InputException">A setting is wrong, or the directory is in use.</exception>
    public static ISnapshotStore? Open(ServerSettings settings, TimeProvider time)
    {
        ColdSettings cold = settings.Cold;
        if (cold.Store.Equals("none", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        if (!Codecs.TryGetValue(cold.Codec, out SnapshotCodec codec))
        {
            throw new InputException($"setting 'Cold:Codec' must be one of {string.Join(", ", Codecs.Keys)}, not '{cold.Codec}'");
        }

        var budget = new BlobBudget { TotalBytes = cold.BudgetBytes, TenantBytes = cold.TenantBudgetBytes };
        return new SnapshotStore(OpenBlobs(settings, budget, time), new SnapshotStoreOptions { Codec = codec, Time = time });
    }

    private static IBlobStore OpenBlobs(ServerSettings settings, BlobBudget budget, TimeProvider time)
    {
        var live = TimeSpan.FromHours(settings.Cold.TtlHours);
        string store = settings.Cold.Store;
        if (IsRedis(store))
        {
            var client = new RedisClient(RedisOptions.Parse(store), time);
            return new RedisBlobStore(client, new RedisBlobStoreOptions { Prefix = settings.State.Service, TimeToLive = live, Budget = budget });
        }

        string path = store.Length > 0 ? store : Path.Combine(DataFolder.Of(settings), "cold");
        return new DirectoryBlobStore(new DirectoryBlobStoreOptions { Path = path, Budget = budget, TimeToLive = live, Time = time });
    }

    /// <summary>Whether a store is named by a Redis connection string and not by a folder.</summary>
    public static bool IsRedis(string store) =>
        store.StartsWith("redis://", StringComparison.OrdinalIgnoreCase) || store.StartsWith("rediss://", StringComparison.OrdinalIgnoreCase);
}
