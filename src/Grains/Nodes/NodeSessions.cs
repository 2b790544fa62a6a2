using System.Collections.Concurrent;
using KVCluster.Storage;
using KVCluster.Worker.Serving;

namespace KVCluster.Grains;

/// <summary>The sessions that are active on this silo, and whether it is being drained. A service of the silo.</summary>
public sealed class NodeSessions(TimeProvider time) : IDisposable
{
    private readonly ConcurrentDictionary<SessionId, long> _active = new();
    private readonly CancellationTokenSource _leaving = new();
    private volatile bool _isDraining;
    private long _cacheBytes;
    private long _writtenBytes;
    private int _uncopied;
    private int _moved;
    private int _saved;
    private int _turns;

    /// <summary>Whether this node takes no new turns.</summary>
    public bool IsDraining => _isDraining;

    /// <summary>Cancelled when the time that running turns had is up: they end, to go on on another node or as if they never were.</summary>
    public CancellationToken Leaving => _leaving.Token;

    /// <summary>Turns that go on on another node from where they were cut.</summary>
    public int HandedOverTurns => Volatile.Read(ref _turns);

    /// <summary>Sessions whose caches went for another node to have.</summary>
    public int Moved => Volatile.Read(ref _moved);

    /// <summary>Sessions whose caches went to the cold store for want of another node.</summary>
    public int Saved => Volatile.Read(ref _saved);

    /// <summary>Bytes of the arena that handed over caches held.</summary>
    public long CacheBytes => Interlocked.Read(ref _cacheBytes);

    /// <summary>Bytes written to the cold store for them.</summary>
    public long WrittenBytes => Interlocked.Read(ref _writtenBytes);

    /// <summary>How many of them the cold store did not take.</summary>
    public int Uncopied => Volatile.Read(ref _uncopied);

    /// <summary>Active sessions, used last first.</summary>
    public IReadOnlyList<SessionId> ByLastUse() => [.. _active.ToArray().OrderByDescending(session => session.Value).Select(session => session.Key)];

    /// <summary>Whether the session is active here.</summary>
    public bool IsActive(SessionId session) => _active.ContainsKey(session);

    /// <summary>The session is active here, and in use.</summary>
    public void Used(SessionId session) => _active[session] = time.GetTimestamp();

    /// <summary>The session's activation ends.</summary>
    public void Gone(SessionId session) => _active.TryRemove(session, out _);

    /// <summary>From here on no turn begins.</summary>
    public void Drain() => _isDraining = true;

    /// <summary>From here on no turn goes on.</summary>
    public Task BreakOffAsync() => _leaving.CancelAsync();

    /// <summary>What was made of a turn is durable.</summary>
    public void TurnHandedOver() => Interlocked.Increment(ref _turns);

    /// <summary>A cache was taken off its device by this node; counted while it drains, where there was one.</summary>
    public void HandedOver(EvictReport report, bool toNode)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (!_isDraining || report is { FreedBytes: 0, Saved: null })
        {
            return;
        }

        Interlocked.Increment(ref toNode ? ref _moved : ref _saved);
        Interlocked.Add(ref _cacheBytes, report.FreedBytes);
        Interlocked.Add(ref _writtenBytes, report.Saved?.WrittenBytes ?? 0);
        if (report.Saved is not { Outcome: SaveOutcome.Published })
        {
            Interlocked.Increment(ref _uncopied);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _leaving.Dispose();
}
