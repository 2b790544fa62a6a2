using System.Diagnostics.Metrics;

namespace KVCluster.Storage;

/// <summary>
/// Counts what a store of snapshots does, under the meter name <see cref="Name"/>; every measurement carries the kind of store
/// (<c>store</c>), none a session or tenant. Misses are counted by cause, lookups and loads apart.
/// </summary>
internal sealed class SnapshotMeter : IDisposable
{
    public const string Name = "KVCluster.Storage";

    private readonly KeyValuePair<string, object?> _store;
    private readonly Counter<long> _lookups;
    private readonly Counter<long> _loads;
    private readonly Counter<long> _loadedTokens;
    private readonly Counter<long> _loadedBytes;
    private readonly Histogram<double> _loadSeconds;
    private readonly Counter<long> _saves;
    private readonly Counter<long> _savedBytes;
    private readonly Histogram<double> _saveSeconds;
    private readonly Counter<long> _evictions;
    private long _loadSpeed;
    private long _saveSpeed;

    public SnapshotMeter(string store)
    {
        _store = new("store", store);
        Meter = new Meter(Name);
        _lookups = Meter.CreateCounter<long>("kvcluster.cold.lookups", "{lookup}", "Looks at manifests, by result: hit or a miss's cause.");
        _loads = Meter.CreateCounter<long>("kvcluster.cold.loads", "{load}", "Loads, by result: hit or a miss's cause.");
        _loadedTokens = Meter.CreateCounter<long>("kvcluster.cold.loaded_tokens", "{token}", "Tokens that loads spared computing.");
        _loadedBytes = Meter.CreateCounter<long>("kvcluster.cold.loaded_bytes", "By", "Bytes read by loads that hit.");
        _loadSeconds = Meter.CreateHistogram<double>("kvcluster.cold.load.duration", "s", "Time of a load.");
        _saves = Meter.CreateCounter<long>("kvcluster.cold.saves", "{save}", "Saves, by outcome.");
        _savedBytes = Meter.CreateCounter<long>("kvcluster.cold.saved_bytes", "By", "Bytes written by saves, published or not.");
        _saveSeconds = Meter.CreateHistogram<double>("kvcluster.cold.save.duration", "s", "Time of a save.");
        _evictions = Meter.CreateCounter<long>("kvcluster.cold.evictions", "{session}", "Sessions whose copies made room for others'.");
    }

    public Meter Meter { get; }

    public double LoadBytesPerSecond => BitConverter.Int64BitsToDouble(Volatile.Read(ref _loadSpeed));

    public double SaveBytesPerSecond => BitConverter.Int64BitsToDouble(Volatile.Read(ref _saveSpeed));

    public void Looked(SnapshotLookup lookup) => _lookups.Add(1, _store, Result(lookup.Miss));

    public void Loaded(SnapshotLoad load)
    {
        _loads.Add(1, _store, Result(load.Miss));
        _loadSeconds.Record(load.Seconds, _store, Result(load.Miss));
        if (load.Miss is null)
        {
            _loadedTokens.Add(load.Tokens, _store);
            _loadedBytes.Add(load.Bytes, _store);
            Note(ref _loadSpeed, load.Bytes, load.Seconds);
        }
    }

    public void Saved(SnapshotSave save)
    {
        var outcome = new KeyValuePair<string, object?>("outcome", save.Outcome.ToString());
        _saves.Add(1, _store, outcome);
        _saveSeconds.Record(save.Seconds, _store, outcome);
        _savedBytes.Add(save.WrittenBytes, _store);
        if (save.Outcome == SaveOutcome.Published)
        {
            Note(ref _saveSpeed, save.WrittenBytes, save.Seconds);
        }
    }

    public void Evicted() => _evictions.Add(1, _store);

    public void Dispose() => Meter.Dispose();

    private static KeyValuePair<string, object?> Result(MissCause? miss) => new("result", miss?.ToString() ?? "Hit");

    /// <summary>A moving mean of bytes a second in which the latest has a quarter of the weight. Small transfers say little about speed.</summary>
    private static void Note(ref long speed, long bytes, double seconds)
    {
        const long TellingBytes = 64 << 10;
        if (bytes < TellingBytes || seconds <= 0)
        {
            return;
        }

        double last = BitConverter.Int64BitsToDouble(Volatile.Read(ref speed));
        double latest = bytes / seconds;
        Volatile.Write(ref speed, BitConverter.DoubleToInt64Bits(last == 0 ? latest : (0.75 * last) + (0.25 * latest)));
    }
}
