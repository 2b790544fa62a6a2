using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using KVCluster.Grains;
using KVCluster.Silo.Operators;

namespace KVCluster.Silo.Telemetry;

/// <summary>
/// What is known of pressure, leases and cold stores (docs/metrics.md), as of the last poll. Each process tells of its own nodes only, so that sums over
/// scraped processes are right; the allocator is one for all, and every process tells the same of it.
/// </summary>
internal static class ClusterMetrics
{
    public const string MeterName = "KVCluster.Cluster";

    private static readonly Meter Meter = new(MeterName);
    private static readonly ConcurrentDictionary<ClusterObserver, HashSet<string>> Observers = new();

    static ClusterMetrics()
    {
        Gauge("kvcluster.device_limit", "By", "Bytes a device may hold: its lease, at most its size.", p => p.LimitBytes);
        Gauge("kvcluster.device_used", "By", "Bytes held, reservations included.", p => p.UsedBytes);
        Gauge("kvcluster.high_watermark", "By", "Bytes above which acts against pressure begin.", p => p.HighBytes);
        Gauge("kvcluster.low_watermark", "By", "Bytes at which they stop.", p => p.LowBytes);
        Gauge("kvcluster.waiting", "By", "Bytes that turns wait for.", p => p.WaitingBytes);
        Gauge("kvcluster.pressing", null, "1 while acts against pressure are under way.", p => p.IsPressing ? 1 : 0);
        Gauge("kvcluster.lease_live", null, "1 while the lease from the allocator holds.", p => p.HasLiveLease ? 1 : 0);
        Meter.CreateObservableCounter("kvcluster.pressure_acts", () => Totals(t => t.Count), "{act}", "Acts against pressure, and back, by kind and cause.");
        Meter.CreateObservableCounter("kvcluster.pressure.freed", () => Totals(t => Math.Max(0, t.FreedBytes)), "By", "Bytes that acts freed, by kind and cause.");
        Meter.CreateObservableCounter("kvcluster.pressure.dropped_mass", () => Totals(t => t.DroppedMass), null, "Shares of attention that acts dropped, summed, by kind and cause.");
        Meter.CreateObservableGauge("kvcluster.cold.stored", () => Cold(c => c.Bytes), "By", "Bytes of cold copies.");
        Meter.CreateObservableGauge("kvcluster.cold.budget", () => Cold(c => c.BudgetBytes), "By", "Bytes that cold copies may take.");
        Meter.CreateObservableGauge("kvcluster.cold.copies", () => Cold(c => c.Copies), "{session}", "Sessions with a cold copy.");
        Meter.CreateObservableGauge("kvcluster.nodes", () => All<long>(s => [new(s.Nodes.Count)]), "{node}", "Live nodes of the cluster as this process sees it.");
        Meter.CreateObservableGauge("kvcluster.poll_faults", () => All<long>(s => [new(s.Faults.Count)]), "{fault}", "Parts of the cluster that did not answer the last poll.");
        Meter.CreateObservableGauge("kvcluster.allocator.short", () => Allocator(a => a.ShortBytes), "By", "Bytes by which nodes are short beyond the tolerance.");
        Meter.CreateObservableCounter("kvcluster.allocator.rounds", () => Allocator(a => a.Round), "{round}", "Rounds of the allocator.");
    }

    /// <summary>A server's observer is there.</summary>
    public static void Add(ClusterObserver observer, IEnumerable<string> nodes) => Observers[observer] = [.. nodes];

    public static void Remove(ClusterObserver observer) => Observers.TryRemove(observer, out _);

    private static void Gauge(string name, string? unit, string description, Func<PressureReport, long> of) => Meter.CreateObservableGauge(
        name, () => Devices<long>((node, d, p) => [new(of(p), Labels(node, d))]), unit, description);

    private static IEnumerable<Measurement<T>> Totals<T>(Func<PressureTotal, T> of)
        where T : struct => Devices((node, d, p) => p.Totals.Select(t => new Measurement<T>(
            of(t), [.. Labels(node, d), new("kind", t.Kind.ToString().ToLowerInvariant()), new("cause", t.Cause)])));

    private static IEnumerable<Measurement<T>> Devices<T>(Func<string, DeviceView, PressureReport, IEnumerable<Measurement<T>>> of)
        where T : struct => Local((snapshot, local) => snapshot.Nodes.Where(n => local.Contains(n.Name))
            .SelectMany(n => n.Devices.Where(d => d.Pressure is not null).SelectMany(d => of(n.Name, d, d.Pressure!))));

    private static IEnumerable<Measurement<long>> Cold(Func<ColdObservation, long> of) =>
        All(snapshot => snapshot.Cold.GroupBy(c => c.Kind).Select(g => new Measurement<long>(g.Sum(of), new KeyValuePair<string, object?>("store", g.Key))));

    private static IEnumerable<Measurement<long>> Allocator(Func<AllocatorReport, long> of) =>
        All<long>(snapshot => snapshot.Allocator is { } report ? [new(of(report))] : []);

    private static IEnumerable<Measurement<T>> All<T>(Func<ClusterSnapshot, IEnumerable<Measurement<T>>> of)
        where T : struct => Local((snapshot, _) => of(snapshot));

    private static IEnumerable<Measurement<T>> Local<T>(Func<ClusterSnapshot, HashSet<string>, IEnumerable<Measurement<T>>> of)
        where T : struct => Observers.SelectMany(o => o.Key.Last is { } tick ? of(tick.Snapshot, o.Value) : []);

    private static KeyValuePair<string, object?>[] Labels(string node, DeviceView device) =>
        [new("node", node), new("device", device.Observed.Report.Device)];
}
