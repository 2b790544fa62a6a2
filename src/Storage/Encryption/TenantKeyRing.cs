using System.Text.Json;

namespace KVCluster.Storage.Encryption;

/// <summary>
/// Keys from a JSON document: tenants, their key ids, 32 bytes in base64 each: <c>{"acme": {"2026-01": "...", "2026-07": "..."}}</c>. The
/// last id in ordinal order is the newest. The tenant <c>*</c> stands for every tenant without keys of its own. To rotate, add a key with
/// a later id and call <see cref="Reload"/>; drop the earlier one when its copies have expired.
/// </summary>
public sealed class TenantKeyRing : ITenantKeys
{
    private const string AnyTenant = "*";

    private readonly Func<string> _source;
    private volatile Dictionary<string, SortedList<string, TenantKey>> _keys;

    private TenantKeyRing(Func<string> source)
    {
        _source = source;
        _keys = Parse(source());
    }

    /// <summary>Reads a file. An <see cref="InvalidDataException"/> says what is wrong with it, without a byte of any key.</summary>
    public static TenantKeyRing FromFile(string path) => new(() => File.ReadAllText(path));

    /// <summary>Reads an environment variable that holds the document itself.</summary>
    public static TenantKeyRing FromEnvironment(string variable) =>
        new(() => Environment.GetEnvironmentVariable(variable) ?? throw new InvalidDataException($"the environment has no {variable}"));

    /// <summary>Reads the document given.</summary>
    public static TenantKeyRing FromJson(string json) => new(() => json);

    /// <summary>Reads the source again. Where it is faulty the keys stay as they were.</summary>
    public void Reload() => _keys = Parse(_source());

    /// <inheritdoc/>
    public TenantKey? Newest(string tenant) => KeysOf(tenant)?.Values.LastOrDefault();

    /// <inheritdoc/>
    public TenantKey? Find(string tenant, string id) => KeysOf(tenant)?.GetValueOrDefault(id);

    private static Dictionary<string, SortedList<string, TenantKey>> Parse(string json)
    {
        Dictionary<string, Dictionary<string, string>>? document;
        try
        {
            document = JsonSerializer.Deserialize<Dictionary<string, Dictionary<string, string>>>(json);
        }
        catch (JsonException e)
        {
            // The message of a JSON fault may quote the document: only its place is told.
            throw new InvalidDataException($"the key document is no JSON of tenants, ids and keys (line {e.LineNumber + 1})");
        }

        var keys = new Dictionary<string, SortedList<string, TenantKey>>(StringComparer.Ordinal);
        foreach (var (tenant, ids) in document ?? [])
        {
            var list = new SortedList<string, TenantKey>(StringComparer.Ordinal);
            foreach (var (id, text) in ids ?? [])
            {
                list.Add(id, Key(tenant, id, text));
            }

            keys.Add(tenant, list);
        }

        return keys;
    }

    private static TenantKey Key(string tenant, string id, string? text)
    {
        var secret = new byte[TenantKey.Bytes];
        return id.Length > 0 && Convert.TryFromBase64String(text ?? "", secret, out int bytes) && bytes == TenantKey.Bytes
            ? new TenantKey(id, secret)
            : throw new InvalidDataException($"tenant '{tenant}', key '{id}': not {TenantKey.Bytes} bytes in base64 under an id");
    }

    private SortedList<string, TenantKey>? KeysOf(string tenant)
    {
        Dictionary<string, SortedList<string, TenantKey>> keys = _keys;
        return keys.TryGetValue(tenant, out SortedList<string, TenantKey>? own) ? own : keys.GetValueOrDefault(AnyTenant);
    }
}
