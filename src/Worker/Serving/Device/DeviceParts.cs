using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Worker.Serving.Decisions;
using KVCluster.Worker.Serving.Telemetry;

namespace KVCluster.Worker.Serving.Device;

/// <summary>What all parts of a device's thread share.</summary>
internal sealed class DeviceParts(LocalModel model, IInferenceBackend backend, DeviceWorkerOptions options, Inbox inbox, StoreCalls? store)
{
    public LocalModel Model { get; } = model;

    public IInferenceBackend Backend { get; } = backend;

    public DeviceWorkerOptions Options { get; } = options;

    public Inbox Inbox { get; } = inbox;

    /// <summary>The cold store, or null.</summary>
    public StoreCalls? Store { get; } = store;

    public SpeedMeter Speeds { get; } = new();

    public DeviceCounts Counts { get; } = new();

    /// <summary>What the device has done.</summary>
    public ActivityCounts Activity { get; } = new();

    /// <summary>The device's labels; set before its thread starts.</summary>
    public DeviceLabels Labels { get; set; } = null!;

    public Dictionary<SessionKey, DeviceSession> Sessions { get; } = [];

    public KvGeometry Geometry => Backend.Pool.Geometry;

    public int TotalPages => Backend.Pool.PageCount;

    /// <summary>A monotonic timestamp, never 0.</summary>
    public long Now => Options.Time.GetTimestamp() | 1;

    public double Seconds(long since, long until) => Options.Time.GetElapsedTime(since, until).TotalSeconds;

    public LedgerSnapshot Ledger() => Backend.Pool.Ledger.Snapshot();

    /// <summary>The session of a key, known or not.</summary>
    public DeviceSession SessionOf(SessionKey key)
    {
        if (!Sessions.TryGetValue(key, out DeviceSession? session))
        {
            session = new DeviceSession(key, Counts);
            Sessions.Add(key, session);
        }

        return session;
    }

    /// <summary>A use of the session, for the order of eviction and for display.</summary>
    public void Touch(DeviceSession session)
    {
        session.LastUse = ++Counts.Uses;
        session.LastUsed = Options.Time.GetUtcNow();
        Counts.Changes++;
    }
}
