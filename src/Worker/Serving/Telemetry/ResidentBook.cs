using KVCluster.Inference.Kv;
using KVCluster.Worker.Serving.Device;

namespace KVCluster.Worker.Serving.Telemetry;

/// <summary>
/// The device's sessions as lines, and which of them changed since when: a look at ten thousand sessions of which ten changed costs ten lines.
/// Kept by the device's thread.
/// </summary>
internal sealed class ResidentBook(DeviceParts parts)
{
    private const int KeptDepartures = 16_384;

    // Stamps of a later life of the device are higher: who asks with an old one gets everything.
    private readonly long _born = DateTime.UtcNow.Ticks;
    private readonly Dictionary<SessionKey, Entry> _entries = [];
    private readonly Queue<(SessionKey Session, long Stamp)> _gone = new();
    private long _stamp = DateTime.UtcNow.Ticks;
    private long _forgotten;
    private long _tokens;
    private double _keptTokens;

    /// <summary>Sums as of the last look; read by any thread.</summary>
    public ResidentTotals Totals { get; private set; } = new(0, 0);

    /// <summary>What changed after a stamp; 0: everything.</summary>
    public ResidentChanges Since(long after)
    {
        Look();
        bool whole = after < _born || after < _forgotten || after > _stamp;
        ResidentLine[] lines = [.. _entries.Values.Where(e => whole || e.Stamp > after).Select(e => e.Line)];
        SessionKey[] gone = whole ? [] : [.. _gone.Where(g => g.Stamp > after && !_entries.ContainsKey(g.Session)).Select(g => g.Session)];
        return new ResidentChanges(_stamp, whole, lines, gone);
    }

    private void Look()
    {
        long stamp = ++_stamp;
        int present = 0;
        foreach (DeviceSession session in parts.Sessions.Values)
        {
            if (session.Cache is null && session.Turn is null)
            {
                continue;
            }

            present++;
            (int, ResidentState, long, bool) mark = (session.Version, SessionDescription.StateOf(session), session.ColdBytes, session.IsSaved);
            if (_entries.TryGetValue(session.Key, out Entry? known) && known.Mark == mark && ReferenceEquals(known.Session, session))
            {
                known.Seen = stamp;
                continue;
            }

            Forget(known);
            ResidentLine line = LineOf(session);
            _entries[session.Key] = new Entry(session, mark, line) { Stamp = stamp, Seen = stamp };
            _tokens += line.Tokens;
            _keptTokens += line.KeptTokens;
        }

        if (present != _entries.Count)
        {
            Depart(stamp);
        }

        Totals = new ResidentTotals(_tokens, Math.Max(0, _keptTokens));
    }

    private void Depart(long stamp)
    {
        foreach (Entry left in _entries.Values.Where(e => e.Seen != stamp).ToArray())
        {
            Forget(left);
            _entries.Remove(left.Line.Session);
            _gone.Enqueue((left.Line.Session, stamp));
        }

        while (_gone.Count > KeptDepartures)
        {
            _forgotten = _gone.Dequeue().Stamp;
        }

        _keptTokens = _entries.Count == 0 ? 0 : _keptTokens;
    }

    private void Forget(Entry? entry)
    {
        _tokens -= entry?.Line.Tokens ?? 0;
        _keptTokens -= entry?.Line.KeptTokens ?? 0;
    }

    private static ResidentLine LineOf(DeviceSession session)
    {
        KvCache? cache = session.Cache;
        return new ResidentLine
        {
            Session = session.Key,
            State = SessionDescription.StateOf(session),
            Tokens = session.Cached,
            KeptTokens = cache is null ? 0 : Kept(cache),
            IsExact = cache?.IsExact ?? true,
            Bytes = cache?.Bytes ?? 0,
            ColdBytes = session.ColdBytes,
            Compressions = session.Compressions.Count,
            LastUsed = session.LastUsed,
        };
    }

    private static double Kept(KvCache cache)
    {
        KvGeometry geometry = cache.Geometry;
        long slots = 0;
        for (int i = 0; i < geometry.Heads; i++)
        {
            slots += cache.Length(i / geometry.KvHeads, i % geometry.KvHeads);
        }

        return (double)slots / geometry.Heads;
    }

    private sealed class Entry(DeviceSession session, (int, ResidentState, long, bool) mark, ResidentLine line)
    {
        public DeviceSession Session { get; } = session;

        public (int, ResidentState, long, bool) Mark { get; } = mark;

        public ResidentLine Line { get; } = line;

        public long Stamp { get; set; }

        public long Seen { get; set; }
    }
}
