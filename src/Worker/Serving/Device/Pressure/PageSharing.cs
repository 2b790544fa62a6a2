using KVCluster.Compression.Pressure;
using KVCluster.Inference.Kv;

namespace KVCluster.Worker.Serving.Device.Pressure;

/// <summary>Which sessions hold pages together at one instant, and what each would free by itself.</summary>
internal sealed class PageSharing
{
    private readonly KvPool _pool;

    // How many sessions hold each page; null where no page is held twice.
    private readonly int[]? _holders;
    private readonly int[] _roots = [];
    private readonly List<DeviceSession> _sessions = [];

    public PageSharing(DeviceParts parts)
    {
        _pool = parts.Backend.Pool;
        if (_pool.SharedPages == 0)
        {
            return;
        }

        _sessions = [.. parts.Sessions.Values.Where(s => s.Cache is not null)];
        _holders = new int[_pool.PageCount];
        _roots = [.. Enumerable.Range(0, _sessions.Count)];
        int[] first = new int[_pool.PageCount];
        for (int i = 0; i < _sessions.Count; i++)
        {
            ForEachPage(_sessions[i].Cache!, page =>
            {
                if (_holders[page]++ == 0)
                {
                    first[page] = i;
                }
                else
                {
                    _roots[Root(i)] = Root(first[page]);
                }
            });
        }
    }

    /// <summary>
    /// Bytes that come free when the session alone leaves. Pages that no other session holds but a save is reading count in part, as they
    /// do for <see cref="KvCache.ShareOfBytes"/>.
    /// </summary>
    public long BytesOf(DeviceSession session)
    {
        if (_holders is null)
        {
            return session.Cache!.Bytes;
        }

        double pages = 0;
        ForEachPage(session.Cache!, page => pages += _holders[page] > 1 ? 0 : 1.0 / Math.Max(1, _pool.References(page)));
        return (long)(pages * session.Cache!.Geometry.PageBytes);
    }

    /// <summary>Whether somebody who is no session, a save, reads the cache: cutting it would copy pages and free none.</summary>
    public bool IsBeingRead(DeviceSession session)
    {
        bool read = false;
        if (_holders is not null)
        {
            ForEachPage(session.Cache!, page => read |= _pool.References(page) > _holders[page]);
        }

        return read;
    }

    /// <summary>What sessions hold together, by who has to leave for it.</summary>
    public List<SharedBytes> Groups()
    {
        Dictionary<int, (List<string> Names, double Pages)> groups = [];
        var counted = new bool[_holders?.Length ?? 0];
        for (int i = 0; i < _sessions.Count; i++)
        {
            double pages = 0;
            ForEachPage(_sessions[i].Cache!, page =>
            {
                pages += _holders![page] > 1 && !counted[page] ? (double)_holders[page] / Math.Max(_holders[page], _pool.References(page)) : 0;
                counted[page] = true;
            });
            int root = Root(i);
            (List<string> names, double before) = groups.GetValueOrDefault(root, ([], 0));
            names.Add(_sessions[i].Name);
            groups[root] = (names, before + pages);
        }

        return [.. groups.Values.Where(g => g.Names.Count > 1).Select(g => new SharedBytes(g.Names, (long)(g.Pages * _pool.Geometry.PageBytes)))];
    }

    private static void ForEachPage(KvCache cache, Action<int> act)
    {
        for (int i = 0; i < cache.Geometry.Heads; i++)
        {
            int layer = i / cache.Geometry.KvHeads;
            int head = i % cache.Geometry.KvHeads;
            Each(cache.KeyPages(layer, head), act);
            Each(cache.ValuePages(layer, head), act);
            Each(cache.BiasPages(layer, head), act);
        }
    }

    private static void Each(ReadOnlySpan<int> pages, Action<int> act)
    {
        foreach (int page in pages)
        {
            act(page);
        }
    }

    private int Root(int session)
    {
        while (_roots[session] != session)
        {
            session = _roots[session];
        }

        return session;
    }
}
