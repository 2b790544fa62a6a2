using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using KVCluster.Grains;
using KVCluster.Inference;
using KVCluster.Silo.Gateway;
using KVCluster.Silo.Hosting;

namespace KVCluster.Silo.Tenants;

/// <summary>
/// The tenants of a server and their API keys, from one JSON file that holds hashes only. A changed file is taken over within a second and
/// without a restart; one that cannot be read leaves the last good one in force.
/// </summary>
internal sealed class TenantFile
{
    private readonly string _path;
    private readonly WatchedFile _file;
    private readonly Action<string> _complain;
    private TenantTable _table;

    private TenantFile(string path, TimeProvider time, Action<string> complain)
    {
        _path = path;
        _file = new WatchedFile(path, time);
        _complain = complain;
        _table = Read(path);
    }

    /// <exception cref="InputException">The file is missing or wrong; the message names the field.</exception>
    public static TenantFile Open(string path, TimeProvider time, Action<string> complain) => new(path, time, complain);

    /// <summary>Whose key this is; null where it is nobody's. Takes the same time for any unknown key.</summary>
    public TenantKey? Find(string key)
    {
        Refresh();
        return Volatile.Read(ref _table).Keys.GetValueOrDefault(HashOf(key));
    }

    /// <summary>The ids of all tenants of the file.</summary>
    public IReadOnlyList<string> Tenants()
    {
        Refresh();
        return [.. Volatile.Read(ref _table).Limits.Keys];
    }

    /// <summary>Whether any tenant's bytes are limited.</summary>
    public bool HasMemoryLimits
    {
        get
        {
            Refresh();
            return Volatile.Read(ref _table).HasMemoryLimits;
        }
    }

    /// <summary>What a tenant may use; null: the file does not name it.</summary>
    public TenantLimits? LimitsOf(string tenant)
    {
        Refresh();
        return Volatile.Read(ref _table).Limits.GetValueOrDefault(tenant);
    }

    /// <summary>How a key is written in the file.</summary>
    public static string HashOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    private void Refresh() => _file.IfChanged(() =>
    {
        try
        {
            Volatile.Write(ref _table, Read(_path));
        }
        catch (InputException e)
        {
            _complain(e.Message);
        }
    });

    private static TenantTable Read(string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            var keys = new Dictionary<string, TenantKey>(StringComparer.Ordinal);
            var all = new Dictionary<string, TenantLimits>(StringComparer.Ordinal);
            foreach ((string id, TenantLimits limits, JsonElement tenant) in TenantFields.Tenants(document.RootElement))
            {
                all.Add(id, limits);
                foreach ((string hash, CallerRole role) in TenantFields.Keys(tenant, id))
                {
                    if (!keys.TryAdd(hash, new TenantKey(new Caller(id, role, limits.Priority, limits.Priority), limits)))
                    {
                        throw new InputException($"tenant '{id}': a key is listed twice");
                    }
                }
            }

            return new TenantTable(keys, all);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new InputException($"tenants file {path}: {e.Message}");
        }
        catch (InputException e)
        {
            throw new InputException($"tenants file {path}: {e.Message}");
        }
    }
}

/// <summary>A file's content.</summary>
/// <param name="Keys">By their hashes.</param>
/// <param name="Limits">By the tenants' ids.</param>
internal sealed record TenantTable(IReadOnlyDictionary<string, TenantKey> Keys, IReadOnlyDictionary<string, TenantLimits> Limits)
{
    public bool HasMemoryLimits { get; } = Limits.Values.Any(limits => limits.Memory.LimitBytes is not null);
}

/// <summary>A key's owner.</summary>
/// <param name="Caller">Tenant and role.</param>
/// <param name="Limits">The tenant's.</param>
internal sealed record TenantKey(Caller Caller, TenantLimits Limits);
