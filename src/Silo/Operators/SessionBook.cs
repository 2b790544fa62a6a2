using KVCluster.Grains;

namespace KVCluster.Silo.Operators;

/// <summary>
/// All sessions that are known: of the tenants' indexes, read at times, and on devices, as changes come. Says what changed since it was last asked.
/// For one thread at a time.
/// </summary>
internal sealed class SessionBook
{
    private readonly Dictionary<string, SessionRow> _indexed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, SessionRow>> _onDevice = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SessionRow> _rows = new(StringComparer.Ordinal);
    private readonly HashSet<string> _touched = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, SessionRow> Rows => _rows;

    /// <summary>What a device tells.</summary>
    public void Device(string node, DeviceObservation device)
    {
        string name = $"{node}/{device.Report.Device}";
        if (!_onDevice.TryGetValue(name, out Dictionary<string, SessionRow>? known))
        {
            _onDevice[name] = known = new(StringComparer.Ordinal);
        }

        if (device.IsWhole)
        {
            _touched.UnionWith(known.Keys);
            known.Clear();
        }

        foreach (SessionLine line in device.Sessions)
        {
            known[line.Key] = SessionRow.Of(line, node, device.Report.Device);
            _touched.Add(line.Key);
        }

        foreach (string gone in device.Gone)
        {
            if (known.Remove(gone, out SessionRow? row))
            {
                Remember(row);
                _touched.Add(gone);
            }
        }
    }

    /// <summary>Devices that are there; what others had is on no device.</summary>
    public void KeepDevices(IReadOnlySet<string> live)
    {
        foreach (string lost in _onDevice.Keys.Where(name => !live.Contains(name)).ToArray())
        {
            _touched.UnionWith(_onDevice[lost].Keys);
            _onDevice.Remove(lost);
        }
    }

    /// <summary>All sessions of a tenant's index; those it lacks are closed.</summary>
    public void Index(string tenant, IReadOnlyList<SessionSummary> sessions)
    {
        var present = new HashSet<string>(StringComparer.Ordinal);
        foreach (SessionSummary summary in sessions)
        {
            SessionRow row = SessionRow.Of(summary, tenant);
            present.Add(row.Key);
            if (!_indexed.TryGetValue(row.Key, out SessionRow? known) || known != row with { ColdBytes = known.ColdBytes })
            {
                _indexed[row.Key] = row with { ColdBytes = known?.ColdBytes ?? 0 };
                _touched.Add(row.Key);
            }
        }

        foreach (string closed in _indexed.Values.Where(r => r.Tenant == tenant && !present.Contains(r.Key)).Select(r => r.Key).ToArray())
        {
            _indexed.Remove(closed);
            _touched.Add(closed);
        }
    }

    /// <summary>Rows that differ from what was last said, and sessions that are no more.</summary>
    public (IReadOnlyList<SessionRow> Changed, IReadOnlyList<(string Key, string Tenant)> Gone) TakeChanges()
    {
        var changed = new List<SessionRow>();
        var gone = new List<(string, string)>();
        foreach (string key in _touched)
        {
            SessionRow? row = RowOf(key);
            _rows.TryGetValue(key, out SessionRow? before);
            if (row is null)
            {
                if (before is not null)
                {
                    _rows.Remove(key);
                    gone.Add((key, before.Tenant));
                }
            }
            else if (row != before)
            {
                _rows[key] = row;
                changed.Add(row);
            }
        }

        _touched.Clear();
        return (changed, gone);
    }

    private SessionRow? RowOf(string key)
    {
        foreach (Dictionary<string, SessionRow> device in _onDevice.Values)
        {
            if (device.TryGetValue(key, out SessionRow? row))
            {
                return row;
            }
        }

        return _indexed.GetValueOrDefault(key);
    }

    /// <summary>
    /// A session whose cache left its device is cold until the index is read again, which says whether it was closed. Of the copy the index does not know.
    /// </summary>
    private void Remember(SessionRow row) => _indexed[row.Key] = _indexed.TryGetValue(row.Key, out SessionRow? known)
        ? known with { ColdBytes = row.ColdBytes }
        : row with { Phase = SessionPhase.Cold, Device = "", KeptTokens = 0, IsExact = true, Bytes = 0, Compressions = 0 };
}
