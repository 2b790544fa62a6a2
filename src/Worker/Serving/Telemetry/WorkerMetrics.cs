using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using KVCluster.Worker.Serving.Telemetry;

namespace KVCluster.Worker.Serving;

/// <summary>
/// What devices export under the meter <see cref="MeterName"/> (docs/metrics.md). Labels are the node, the device and fixed words; never a session or tenant.
/// Most instruments are read from the devices' own counts when somebody collects, so that a step pays for one histogram only.
/// </summary>
public static class WorkerMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "KVCluster.Worker";

    private static readonly Meter Meter = new(MeterName);
    private static readonly ConcurrentDictionary<DeviceWorker, DeviceLabels> Devices = new();
    private static readonly InstrumentAdvice<double> Short = Buckets(1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5);
    private static readonly InstrumentAdvice<double> Long = Buckets(1e-3, 5e-3, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120);
    private static readonly InstrumentAdvice<double> Gaps = Buckets(1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 14400, 43200, 86400);

    private static readonly Histogram<double> StepSeconds =
        Meter.CreateHistogram("kvcluster.step.duration", "s", "Time of one step of a device, by what ran in it.", null, Short);

    private static readonly Histogram<double> QueueSeconds =
        Meter.CreateHistogram("kvcluster.request_queue_time", "s", "From the call of a turn to its first step.", null, Long);

    private static readonly Histogram<double> PrefillSeconds =
        Meter.CreateHistogram("kvcluster.request_prefill_time", "s", "From the first step of a turn to its first token.", null, Long);

    private static readonly Histogram<double> DecodeSeconds =
        Meter.CreateHistogram("kvcluster.request_decode_time", "s", "From the first token of a turn to its end.", null, Long);

    private static readonly Histogram<double> AttachSeconds =
        Meter.CreateHistogram("kvcluster.attach.duration", "s", "Time until a turn's history was in its cache, by where it came from.", null, Long);

    private static readonly Histogram<double> ReuseGap =
        Meter.CreateHistogram("kvcluster.kv_reuse_gap", "s", "Time a session was idle before its next turn.", null, Gaps);

    static WorkerMetrics()
    {
        var instruments = new DeviceInstruments(Meter, Devices);
        instruments.AddMemory();
        instruments.AddSpeeds();
        instruments.AddActivity();
    }

    /// <summary>A device is there.</summary>
    internal static void Add(DeviceWorker worker, DeviceLabels labels) => Devices[worker] = labels;

    internal static void Remove(DeviceWorker worker) => Devices.TryRemove(worker, out _);

    internal static void Stepped(DeviceLabels labels, int prompt, int decoded, double seconds)
    {
        string phase = prompt == 0 ? "decode" : decoded == 0 ? "prefill" : "mixed";
        StepSeconds.Record(seconds, labels.Node, labels.Device, new("phase", phase));
    }

    internal static void Attached(DeviceLabels labels, AttachReport report) =>
        AttachSeconds.Record(report.Seconds, labels.Node, labels.Device, new("source", DeviceInstruments.NameOf(report.Source)));

    internal static void Reused(DeviceLabels labels, double seconds) => ReuseGap.Record(seconds, labels.Node, labels.Device);

    internal static void Made(DeviceLabels labels, TurnEnd end)
    {
        QueueSeconds.Record(end.QueueSeconds, labels.Node, labels.Device);
        if (end.FirstTokenSeconds > 0)
        {
            PrefillSeconds.Record(Math.Max(0, end.FirstTokenSeconds - end.QueueSeconds), labels.Node, labels.Device);
            DecodeSeconds.Record(Math.Max(0, end.Seconds - end.FirstTokenSeconds), labels.Node, labels.Device);
        }
    }

    private static InstrumentAdvice<double> Buckets(params double[] bounds) => new() { HistogramBucketBoundaries = bounds };
}
