using System.Diagnostics;
using KVCluster.Inference.Kv;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Format;
using KVCluster.Storage.Snapshots;

namespace KVCluster.Storage;

/// <summary>
/// Cold copies on any <see cref="IBlobStore"/>, in the format of docs/cold-format.md. Rows move in place between the arena and the store
/// where the arena is host memory and they are written as they are (<see cref="SnapshotCodec.Raw"/>, not encrypted). What a cache observed
/// of attention is not saved: after a load observation begins anew.
/// </summary>
public sealed class SnapshotStore : ISnapshotStore
{
    private readonly IBlobStore _store;
    private readonly SnapshotStoreOptions _options;
    private readonly SnapshotMeter _meter;
    private readonly SnapshotLoader _loader;
    private readonly SnapshotSaver _saver;

    /// <summary>On a blob store, which it owns from then on.</summary>
    public SnapshotStore(IBlobStore store, SnapshotStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store;
        _options = options ?? new SnapshotStoreOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.SegmentTokens, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.FrameBytes, 1, nameof(options));
        _meter = new SnapshotMeter(store.Name);
        var broken = new BrokenFrames();
        _loader = new SnapshotLoader(store, _options, broken);
        _saver = new SnapshotSaver(store, _options, broken, _meter.Evicted);
    }

    /// <summary>Name of the meter that counts lookups, loads and saves.</summary>
    public static string MeterName => SnapshotMeter.Name;

    /// <summary>Measured speed of loads, bytes in the store a second; 0 before the first.</summary>
    public double LoadBytesPerSecond => _meter.LoadBytesPerSecond;

    /// <summary>Measured speed of saves; 0 before the first.</summary>
    public double SaveBytesPerSecond => _meter.SaveBytesPerSecond;

    internal System.Diagnostics.Metrics.Meter Meter => _meter.Meter;

    /// <inheritdoc/>
    public async ValueTask<SnapshotLookup> FindAsync(SnapshotQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        using Activity? span = StorageTrace.Begin("cold.find", query.Owner, query.Trace, _store.Name);
        SnapshotLookup lookup;
        try
        {
            var (_, answers) = await _loader.FindAsync(query, cancellationToken).ConfigureAwait(false);
            (SnapshotCopy copy, int tokens) = answers[0];
            KvGeometry geometry = query.Terms.Geometry;
            lookup = new SnapshotLookup
            {
                Tokens = tokens,
                StoredBytes = SnapshotLoader.Tasks(copy, tokens, geometry, inPlace: true).Sum(c => c.Sum(t => (long)t.Frame!.Bytes)),
                Pages = copy.Layout(tokens).PagesIn(geometry),
                IsExact = copy.IsExact,
            };
        }
        catch (Exception e) when (CauseOf(e) is not null)
        {
            lookup = new SnapshotLookup { Miss = CauseOf(e) };
        }

        _meter.Looked(lookup);
        span?.SetTag("kvcluster.cold.result", lookup.Miss?.ToString() ?? "Hit");
        return lookup;
    }

    /// <inheritdoc/>
    public async ValueTask<SnapshotLoad> LoadAsync(SnapshotQuery query, KvCache destination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(destination);
        if (destination.Geometry != query.Terms.Geometry || destination.LogicalLength != 0)
        {
            throw new ArgumentException("the cache is not empty or of another shape than asked for", nameof(destination));
        }

        using Activity? span = StorageTrace.Begin("cold.load", query.Owner, query.Trace, _store.Name);
        long start = _options.Time.GetTimestamp();
        SnapshotLoad load;
        try
        {
            (SnapshotCopy copy, int tokens, long bytes) = await _loader.LoadAsync(query, destination, cancellationToken).ConfigureAwait(false);
            load = new SnapshotLoad { Tokens = tokens, Bytes = bytes, CompressionRecord = copy.CompressionRecord };
        }
        catch (Exception e) when (CauseOf(e) is not null)
        {
            load = new SnapshotLoad { Miss = CauseOf(e) };
        }

        load = load with { Seconds = _options.Time.GetElapsedTime(start).TotalSeconds };
        _meter.Loaded(load);
        span?.SetTag("kvcluster.cold.result", load.Miss?.ToString() ?? "Hit").SetTag("kvcluster.cold.bytes", load.Bytes);
        return load;
    }

    /// <inheritdoc/>
    public async ValueTask<SnapshotSave> SaveAsync(SnapshotSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (source.Cache.Geometry != source.Terms.Geometry
            || source.Cache.LogicalLength == 0
            || source.Tokens.Length < source.Cache.LogicalLength
            || (source.Cache.IsExact && source.Tokens.Length > source.Cache.LogicalLength))
        {
            throw new ArgumentException(
                $"{source.Tokens.Length} tokens for a cache of {source.Cache.LogicalLength}, or a shape that is not the terms'", nameof(source));
        }

        using Activity? span = StorageTrace.Begin("cold.save", source.Owner, source.Trace, _store.Name);
        long start = _options.Time.GetTimestamp();
        SnapshotSave save;
        try
        {
            save = await _saver.SaveAsync(source, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreUnavailableException e)
        {
            save = new SnapshotSave { Outcome = SaveOutcome.Unavailable, Reason = e.Message };
        }

        save = save with { Seconds = _options.Time.GetElapsedTime(start).TotalSeconds };
        _meter.Saved(save);
        span?.SetTag("kvcluster.cold.result", save.Outcome.ToString()).SetTag("kvcluster.cold.bytes", save.WrittenBytes);
        return save;
    }

    /// <inheritdoc/>
    /// <exception cref="StoreUnavailableException">The store could not be reached or failed; the copies may still be there.</exception>
    public async ValueTask DeleteAsync(SnapshotOwner owner, long epoch, CancellationToken cancellationToken) =>
        await _store.DeleteAsync(owner, epoch, cancellationToken).ConfigureAwait(false);

    /// <summary>The kind of store: "directory", "redis".</summary>
    public string StoreName => _store.Name;

    /// <summary>Bytes and copies held at this instant, and the budgets.</summary>
    /// <exception cref="StoreUnavailableException">The store could not be reached or failed.</exception>
    public ValueTask<BlobStatistics> StatisticsAsync(CancellationToken cancellationToken) => _store.StatisticsAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _meter.Dispose();
        await _store.DisposeAsync().ConfigureAwait(false);
    }

    private static MissCause? CauseOf(Exception e) => e switch
    {
        SnapshotMissException miss => miss.Cause,
        StoreUnavailableException => MissCause.Unavailable,
        _ => null,
    };
}
