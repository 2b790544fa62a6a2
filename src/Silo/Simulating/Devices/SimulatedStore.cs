using System.Collections.Concurrent;
using KVCluster.Inference.Kv;
using KVCluster.Storage;

namespace KVCluster.Silo.Simulating;

/// <summary>The cold copies of a whole cluster: what each would hold, not the bytes.</summary>
internal sealed class SimulatedCopies
{
    public ConcurrentDictionary<SnapshotOwner, ColdEntry> Entries { get; } = new();
}

/// <summary>An owner's copies.</summary>
/// <param name="Epoch">The epoch that published last.</param>
/// <param name="Exact">The exact copy.</param>
/// <param name="Cut">The compressed one.</param>
internal sealed record ColdEntry(long Epoch, ColdCopyOfCache? Exact, ColdCopyOfCache? Cut);

/// <summary>One copy.</summary>
internal sealed record ColdCopyOfCache(
    KvCacheLayout Layout, ReadOnlyMemory<int> Tokens, SyntheticAttention? Attention, ReadOnlyMemory<byte> Record, int Pages, long Bytes);

/// <summary>One device's way to the cold store: a copy takes its bytes' time, written ones one after another.</summary>
internal sealed class SimulatedStore(SimulationClock clock, SimulatedCopies copies, double loadBytesPerSecond, double saveBytesPerSecond) : ISnapshotStore
{
    private const double LookSeconds = 0.001;
    private readonly ConcurrentDictionary<SnapshotOwner, int> _waiting = new();
    private readonly Lock _gate = new();
    private readonly List<(SnapshotOwner Owner, long Bytes, Action Written)> _coming = [];
    private int _transfers;
    private double _lineFree;

    /// <summary>Transfers that wait for the clock.</summary>
    public int Waiting => Volatile.Read(ref _transfers);

    /// <summary>Whether a transfer of an owner's waits for the clock.</summary>
    public bool IsWaiting(SnapshotOwner owner) => _waiting.GetValueOrDefault(owner) > 0;

    /// <inheritdoc/>
    public async ValueTask<SnapshotLookup> FindAsync(SnapshotQuery query, CancellationToken cancellationToken)
    {
        // Never in no time: whether it came before the device's next step would be up to threads.
        await Pass(query.Owner, go => clock.After(LookSeconds, go), cancellationToken).ConfigureAwait(false);
        (ColdCopyOfCache? copy, int tokens, MissCause? miss) = Answer(query);
        return copy is null
            ? new SnapshotLookup { Miss = miss }
            : new SnapshotLookup { Tokens = tokens, StoredBytes = copy.Bytes, Pages = copy.Pages, IsExact = copy.Layout.IsExact };
    }

    /// <inheritdoc/>
    public async ValueTask<SnapshotLoad> LoadAsync(SnapshotQuery query, KvCache destination, CancellationToken cancellationToken)
    {
        (ColdCopyOfCache? copy, int tokens, MissCause? miss) = Answer(query);
        if (copy is null)
        {
            return new SnapshotLoad { Miss = miss };
        }

        double start = clock.Seconds;
        await Pass(query.Owner, go => clock.After(copy.Bytes / loadBytesPerSecond, go), cancellationToken).ConfigureAwait(false);
        destination.Restore(copy.Layout);
        ((AttentionOfCache)destination.Companion!).Attention = copy.Attention;
        if (tokens < destination.LogicalLength)
        {
            destination.Truncate(tokens);
        }

        return new SnapshotLoad { Tokens = tokens, Bytes = copy.Bytes, Seconds = clock.Seconds - start, CompressionRecord = copy.Record };
    }

    /// <inheritdoc/>
    public async ValueTask<SnapshotSave> SaveAsync(SnapshotSource source, CancellationToken cancellationToken)
    {
        KvCacheLayout layout = source.Cache.Layout();
        int pages = layout.PagesIn(source.Cache.Geometry);
        var copy = new ColdCopyOfCache(
            layout, source.Tokens, (source.Cache.Companion as AttentionOfCache)?.Attention, source.CompressionRecord, pages,
            (long)pages * source.Cache.Geometry.PageBytes);
        double start = clock.Seconds;
        long written = Written(copies.Entries.GetValueOrDefault(source.Owner), copy);
        await Pass(source.Owner, go => Line(source.Owner, written, go), cancellationToken).ConfigureAwait(false);
        ColdEntry entry = copies.Entries.AddOrUpdate(
            source.Owner,
            _ => Published(null, source.Epoch, copy),
            (_, last) => last.Epoch > source.Epoch ? last : Published(last, source.Epoch, copy));
        return new SnapshotSave
        {
            Outcome = entry.Epoch > source.Epoch ? SaveOutcome.Fenced : SaveOutcome.Published,
            WrittenBytes = written,
            StoredBytes = copy.Bytes,
            Seconds = clock.Seconds - start,
        };
    }

    /// <inheritdoc/>
    public ValueTask DeleteAsync(SnapshotOwner owner, long epoch, CancellationToken cancellationToken)
    {
        if (copies.Entries.TryGetValue(owner, out ColdEntry? entry) && entry.Epoch <= epoch)
        {
            copies.Entries.TryRemove(new KeyValuePair<SnapshotOwner, ColdEntry>(owner, entry));
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    // An exact copy stays beside a compressed one; a new exact one replaces both.
    private static ColdEntry Published(ColdEntry? last, long epoch, ColdCopyOfCache copy) =>
        copy.Layout.IsExact ? new ColdEntry(epoch, copy, null) : new ColdEntry(epoch, last?.Exact, copy);

    // What the last exact copy has is not written again.
    private static long Written(ColdEntry? last, ColdCopyOfCache copy) =>
        copy.Layout.IsExact && last?.Exact is { } before && before.Tokens.Length <= copy.Tokens.Length ? copy.Bytes - before.Bytes : copy.Bytes;

    private (ColdCopyOfCache? Copy, int Tokens, MissCause? Miss) Answer(SnapshotQuery query)
    {
        if (!copies.Entries.TryGetValue(query.Owner, out ColdEntry? entry))
        {
            return (null, 0, MissCause.Absent);
        }

        if (entry.Epoch > query.Epoch)
        {
            return (null, 0, MissCause.LaterEpoch);
        }

        if (!query.ExactOnly && entry.Cut is { } cut && cut.Tokens.Length <= query.Tokens.Length)
        {
            return (cut, cut.Tokens.Length, null);
        }

        return entry.Exact is { } exact
            ? (exact, Math.Min(exact.Tokens.Length, query.Tokens.Length), null)
            : (null, 0, query.ExactOnly ? MissCause.NotExact : MissCause.OtherTokens);
    }

    // Copies that come at one instant line up by name: which thread was quicker must not matter.
    private void Line(SnapshotOwner owner, long bytes, Action written)
    {
        lock (_gate)
        {
            _coming.Add((owner, bytes, written));
            if (_coming.Count == 1)
            {
                clock.After(0, LineUp);
            }
        }
    }

    private void LineUp()
    {
        lock (_gate)
        {
            foreach ((_, long bytes, Action written) in _coming
                .OrderBy(c => c.Owner.Tenant, StringComparer.Ordinal).ThenBy(c => c.Owner.Session, StringComparer.Ordinal))
            {
                _lineFree = Math.Max(clock.Seconds, _lineFree) + (bytes / saveBytesPerSecond);
                clock.After(_lineFree - clock.Seconds, written);
            }

            _coming.Clear();
        }
    }

    private async Task Pass(SnapshotOwner owner, Action<Action> plan, CancellationToken cancellationToken)
    {
        // Whoever waits goes on at once, on the clock's thread, so that nothing is under way unseen.
        var passed = new TaskCompletionSource();
        int gone = 0;
        void Go(Func<bool> end)
        {
            if (Interlocked.Exchange(ref gone, 1) == 0)
            {
                Count(owner, -1);
                end();
            }
        }

        plan(() => Go(passed.TrySetResult));
        Count(owner, 1);
        using CancellationTokenRegistration registration = cancellationToken.Register(() => Go(() => passed.TrySetCanceled(cancellationToken)));
        await passed.Task.ConfigureAwait(false);
    }

    private void Count(SnapshotOwner owner, int change)
    {
        _waiting.AddOrUpdate(owner, change, (_, count) => count + change);
        Interlocked.Add(ref _transfers, change);
    }
}
