using KVCluster.Inference;
using KVCluster.Silo.Hosting;
using KVCluster.Storage.Encryption;

namespace KVCluster.Silo.Serving;

/// <summary>
/// Keys of cold copies from a file, which may be rotated while the server runs, or from an environment variable ("env:NAME"). A changed
/// file that cannot be read leaves the last good keys in force.
/// </summary>
internal sealed class ColdKeys : ITenantKeys
{
    private const string Variable = "env:";
    private readonly TenantKeyRing _ring;
    private readonly WatchedFile? _file;
    private readonly Action<string> _complain;

    private ColdKeys(TenantKeyRing ring, WatchedFile? file, Action<string> complain)
    {
        _ring = ring;
        _file = file;
        _complain = complain;
    }

    /// <summary>Null where the setting is empty: nothing is encrypted.</summary>
    /// <exception cref="InputException">The file or variable is missing or wrong; the message holds no part of a key.</exception>
    public static ColdKeys? Open(string setting, TimeProvider time, Action<string> complain)
    {
        if (setting.Length == 0)
        {
            return null;
        }

        try
        {
            return setting.StartsWith(Variable, StringComparison.Ordinal)
                ? new ColdKeys(TenantKeyRing.FromEnvironment(setting[Variable.Length..]), null, complain)
                : new ColdKeys(TenantKeyRing.FromFile(setting), new WatchedFile(setting, time), complain);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new InputException($"setting 'Cold:Keys': {e.Message}");
        }
    }

    /// <inheritdoc/>
    public TenantKey? Newest(string tenant)
    {
        Refresh();
        return _ring.Newest(tenant);
    }

    /// <inheritdoc/>
    public TenantKey? Find(string tenant, string id)
    {
        Refresh();
        return _ring.Find(tenant, id);
    }

    private void Refresh() => _file?.IfChanged(() =>
    {
        try
        {
            _ring.Reload();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            _complain(e.Message);
        }
    });
}
