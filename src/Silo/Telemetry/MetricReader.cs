using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace KVCluster.Silo.Telemetry;

/// <summary>
/// Adds up what this process measures under some meters, for <c>/metrics</c>. Measuring costs a look-up and an addition; nothing is kept of single
/// measurements. Instruments of one name are one family, whoever made them.
/// </summary>
internal sealed class MetricReader : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly Lock _collecting = new();
    private long _collection = 1;

    /// <param name="meters">Names of the meters.</param>
    public MetricReader(IReadOnlyCollection<string> meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (meters.Contains(instrument.Meter.Name))
            {
                listener.EnableMeasurementEvents(instrument, FamilyOf(instrument));
            }
        };
        _listener.SetMeasurementEventCallback<double>((_, value, tags, family) => Measure(family, value, tags));
        _listener.SetMeasurementEventCallback<float>((_, value, tags, family) => Measure(family, value, tags));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, family) => Measure(family, value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, family) => Measure(family, value, tags));
        _listener.Start();
    }

    /// <summary>All families by name, observed instruments as of now.</summary>
    public IReadOnlyList<(MetricFamily Family, MetricSeries[] Series)> Collect()
    {
        lock (_collecting)
        {
            long collection = ++_collection;
            _listener.RecordObservableInstruments();
            return
            [
                .. _families.Values.OrderBy(f => f.Name.Text, StringComparer.Ordinal).Select(f => (f, Live(f, collection)))
                    .Where(f => f.Item2.Length > 0),
            ];
        }
    }

    public void Dispose() => _listener.Dispose();

    private static MetricSeries[] Live(MetricFamily family, long collection) =>
        family.IsObserved ? [.. family.Snapshot().Where(s => s.Collection == collection)] : family.Snapshot();

    private MetricFamily FamilyOf(Instrument instrument)
    {
        MetricFamily family = MetricFamily.Of(instrument);
        return _families.GetOrAdd(family.Name.Text, family);
    }

    private void Measure(object? family, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        ((MetricFamily)family!).Measure(value, tags, Volatile.Read(ref _collection));
}
