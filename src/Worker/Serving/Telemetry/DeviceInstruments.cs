using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using KVCluster.Inference.Kv;
using KVCluster.Storage;

namespace KVCluster.Worker.Serving.Telemetry;

/// <summary>The instruments that are read from the devices' own counts when somebody collects.</summary>
internal sealed class DeviceInstruments(Meter meter, ConcurrentDictionary<DeviceWorker, DeviceLabels> devices)
{
    private delegate IEnumerable<Measurement<T>> Reading<T>(DeviceWorker worker, DeviceLabels labels)
        where T : struct;

    public void AddMemory()
    {
        Gauge("kvcluster.arena.size", "By", "Bytes of the arena: free + evictable + pinned.", (w, l) => [l.Of(w.Status().Ledger.TotalBytes)]);
        Gauge("kvcluster.arena.bytes", "By", "Bytes of the arena by state.", ArenaBytes);
        Gauge("kvcluster.kv_cache_usage_perc", null, "Part of the arena that is not free, 0 to 1.", (w, l) => [l.Of(Usage(w.Status().Ledger))]);
        Gauge("kvcluster.resident_sessions", "{session}", "Sessions in the arena.", (w, l) => [l.Of((long)w.Status().Resident)]);
        Gauge("kvcluster.resident_tokens", "{token}", "Tokens that caches in the arena stand for, and those kept, averaged over layers and heads.", Tokens);
        Gauge("kvcluster.tokens_kept_ratio", null, "Tokens kept over tokens stood for, of all caches in the arena; 1 where there is none.", (w, l) => [l.Of(w.Totals.KeptRatio)]);
        Gauge("kvcluster.num_requests_running", "{turn}", "Turns running.", (w, l) => [l.Of((long)w.Status().Running)]);
        Gauge("kvcluster.num_requests_waiting", "{turn}", "Turns waiting for room or for their cache.", (w, l) => [l.Of((long)w.Status().Waiting)]);
        Gauge("kvcluster.device_failed", null, "1 where the device's thread has failed.", (w, l) => [l.Of(w.Status().Failure is null ? 0L : 1L)]);
    }

    public void AddSpeeds()
    {
        Gauge("kvcluster.prefill.tokens_per_second", "{token}/s", "Measured prefill speed, tokens a second; 0 before the first.", (w, l) => [l.Of(w.Status().PrefillTokensPerSecond)]);
        Gauge("kvcluster.decode.tokens_per_second", "{token}/s", "Measured decode speed of all turns together, tokens a second.", (w, l) => [l.Of(w.Status().DecodeTokensPerSecond)]);
        Gauge("kvcluster.load.bytes_per_second", "By/s", "Measured speed of loads from the cold store.", (w, l) => [l.Of(w.Status().LoadBytesPerSecond)]);
    }

    public void AddActivity()
    {
        Counter("kvcluster.prompt_tokens", "{token}", "Tokens computed that were not generated just before: prompts and recomputed history.", (w, l) => [l.Of(w.Activity.PromptTokens)]);
        Counter("kvcluster.generation_tokens", "{token}", "Tokens generated.", (w, l) => [l.Of(w.Activity.GeneratedTokens)]);
        Counter("kvcluster.prefix_cache_queries", "{token}", "History tokens that turns came with.", (w, l) => [l.Of(w.Activity.Attached.Sum(t => t.CachedTokens + t.RecomputedTokens))]);
        Counter("kvcluster.prefix_cache_hits", "{token}", "History tokens that were not computed, by the tier that had them.", Hits);
        Counter("kvcluster.recomputed_tokens", "{token}", "History tokens computed again.", (w, l) => [l.Of(w.Activity.Attached.Sum(t => t.RecomputedTokens))]);
        Counter("kvcluster.attaches", "{attach}", "Caches attached to turns, by source.", (w, l) => Sources(l, w.Activity, t => t.Count));
        Counter("kvcluster.attach_misses", "{attach}", "Attaches for which a cold copy was looked for and not used, by cause.", Misses);
        Counter("kvcluster.attach.predicted", "s", "What attaches were expected to take, summed; beside kvcluster_attach_duration_seconds.", (w, l) => Sources(l, w.Activity, t => t.PredictedSeconds));
        Counter("kvcluster.turns", "{turn}", "Turns by how they ended.", Turns);
        Counter("kvcluster.num_preemptions", "{turn}", "Turns put back to wait for memory after they had begun.", (w, l) => [l.Of(w.Activity.PutBack)]);
        Counter("kvcluster.evictions", "{cache}", "Caches that left the arena for others.", (w, l) => Ways(l, w.Activity.Dropped.Count, w.Activity.Saved.Count));
        Counter("kvcluster.evicted", "By", "Bytes that came free by it.", (w, l) => Ways(l, w.Activity.Dropped.Bytes, w.Activity.Saved.Bytes));
        Counter("kvcluster.compressions", "{compression}", "Compressions of caches.", (w, l) => [l.Of(w.Activity.Compressions)]);
        Counter("kvcluster.compression.freed", "By", "Bytes that compressions freed.", (w, l) => [l.Of(w.Activity.CompressionFreedBytes)]);
        Counter("kvcluster.compression.dropped_mass", null, "Shares of the scored attention that compressions dropped, summed.", (w, l) => [l.Of(w.Activity.CompressionDroppedMass)]);
    }

    public static string NameOf(AttachSource source) => source.ToString().ToLowerInvariant();

    private static double Usage(LedgerSnapshot ledger) =>
        ledger.TotalPages == 0 ? 0 : (double)(ledger.TotalPages - ledger.FreePages) / ledger.TotalPages;

    private static IEnumerable<Measurement<long>> ArenaBytes(DeviceWorker worker, DeviceLabels labels)
    {
        LedgerSnapshot ledger = worker.Status().Ledger;
        return
        [
            labels.Of(ledger.FreeBytes, "state", "free", labels.KvType),
            labels.Of(ledger.EvictableBytes, "state", "evictable", labels.KvType),
            labels.Of(ledger.PinnedBytes, "state", "pinned", labels.KvType),
        ];
    }

    private static IEnumerable<Measurement<long>> Tokens(DeviceWorker worker, DeviceLabels labels)
    {
        ResidentTotals totals = worker.Totals;
        return [labels.Of(totals.Tokens, "kind", "stood_for"), labels.Of((long)Math.Round(totals.KeptTokens), "kind", "kept")];
    }

    private static IEnumerable<Measurement<long>> Hits(DeviceWorker worker, DeviceLabels labels)
    {
        DeviceActivity activity = worker.Activity;
        return
        [
            labels.Of(activity.Attached[(int)AttachSource.Resident].CachedTokens, "tier", "device"),
            labels.Of(activity.Attached[(int)AttachSource.Loaded].CachedTokens, "tier", "cold"),
        ];
    }

    private static IEnumerable<Measurement<long>> Misses(DeviceWorker worker, DeviceLabels labels)
    {
        DeviceActivity activity = worker.Activity;
        return Enum.GetValues<MissCause>().Select(cause => labels.Of(activity.Misses[(int)cause], "cause", Snake(cause.ToString())));
    }

    private static IEnumerable<Measurement<long>> Turns(DeviceWorker worker, DeviceLabels labels)
    {
        DeviceActivity activity = worker.Activity;
        return Enum.GetValues<TurnEnding>().Select(ending => labels.Of(activity.Turns[(int)ending], "outcome", Snake(ending.ToString())));
    }

    private static IEnumerable<Measurement<T>> Sources<T>(DeviceLabels labels, DeviceActivity activity, Func<AttachTotal, T> of)
        where T : struct =>
        Enum.GetValues<AttachSource>().Select(source => labels.Of(of(activity.Attached[(int)source]), "source", NameOf(source)));

    private static IEnumerable<Measurement<long>> Ways(DeviceLabels labels, long dropped, long saved) =>
        [labels.Of(dropped, "way", "dropped"), labels.Of(saved, "way", "saved")];

    private static string Snake(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(c) : c.ToString()));

    private void Gauge(string name, string? unit, string description, Reading<long> reading) =>
        meter.CreateObservableGauge(name, () => All(reading), unit, description);

    private void Gauge(string name, string? unit, string description, Reading<double> reading) =>
        meter.CreateObservableGauge(name, () => All(reading), unit, description);

    private void Counter(string name, string? unit, string description, Reading<long> reading) =>
        meter.CreateObservableCounter(name, () => All(reading), unit, description);

    private void Counter(string name, string? unit, string description, Reading<double> reading) =>
        meter.CreateObservableCounter(name, () => All(reading), unit, description);

    private IEnumerable<Measurement<T>> All<T>(Reading<T> reading)
        where T : struct => devices.SelectMany(device => reading(device.Key, device.Value));
}
