using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Worker.Serving.Decisions;
using KVCluster.Worker.Serving.Device.Pressure;
using KVCluster.Worker.Serving.Pressure;
using KVCluster.Worker.Serving.Telemetry;

namespace KVCluster.Worker.Serving.Device;

/// <summary>What all parts of a device's thread share.</summary>
internal sealed class DeviceParts(LocalModel model, IInferenceBackend backend, DeviceWorkerOptions options, Inbox inbox, StoreCalls? store)
{
    private DeviceTerms _terms = DeviceTerms.Unbounded;

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

    /// <summary>What the device and tenants may hold; set by any thread.</summary>
    public DeviceTerms Terms
    {
        get => Volatile.Read(ref _terms);
        set => Volatile.Write(ref _terms, value);
    }

    /// <summary>Bytes that may be held.</summary>
    public long LimitBytes => Math.Clamp(Terms.LimitBytes, 0, (long)TotalPages * Geometry.PageBytes);

    /// <summary>Free pages that may be used: none where the limit is below what is held.</summary>
    public long FreePages => Ledger().FreePages - (TotalPages - (LimitBytes / Geometry.PageBytes));

    /// <summary>Speeds as measured, or assumed before.</summary>
    public AttachSpeeds AttachSpeeds => new(
        Speeds.PrefillTokensPerSecond > 0 ? Speeds.PrefillTokensPerSecond : Options.AssumedPrefillTokensPerSecond,
        Speeds.LoadBytesPerSecond > 0 ? Speeds.LoadBytesPerSecond : Options.AssumedLoadBytesPerSecond);

    /// <summary>Generated tokens a second of all turns together, as measured; before, a part of the prefill's.</summary>
    public double DecodeSpeed => Speeds.DecodeTokensPerSecond is > 0 and var speed ? speed : AttachSpeeds.PrefillTokensPerSecond / 10;

    /// <summary>How long answers are.</summary>
    public AnswerLengths Answers { get; } = new();

    /// <summary>Bytes a second that the cold store takes, as measured, or assumed before.</summary>
    public double SaveBytesPerSecond => Speeds.SaveBytesPerSecond is > 0 and var speed ? speed : Options.AssumedSaveBytesPerSecond;

    /// <summary>Whether the cold store takes copies.</summary>
    public StoreHealth StoreHealth { get; } = new(
        options.Time, options.Pressure?.StoreRetry ?? TimeSpan.Zero, options.Pressure?.SavePatience ?? TimeSpan.MaxValue);

    /// <summary>Events of memory.</summary>
    public PressureLog Log { get; } = new(options.Time);

    /// <summary>Whether a session may not be touched for want of memory.</summary>
    public bool IsPinned(DeviceSession session) => session.PinnedUntil > 0 && Now < session.PinnedUntil;

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
        session.Uses.End(Now);
        Counts.Changes++;
    }
}
