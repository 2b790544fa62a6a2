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
    /// <summary>Sessions without a cache that are remembered, at least.</summary>
    public const int KeptCold = 16_384;

    private DeviceTerms _terms = DeviceTerms.Unbounded;
    private int _mostSessions = 2 * KeptCold;

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

    /// <summary>When pins run out.</summary>
    public PinTimes Pins => field ??= new PinTimes(this);

    /// <summary>
    /// Changes with whatever may make room that there was none of before, but for pages that come free: while it stands still, what could not be
    /// freed still cannot.
    /// </summary>
    public (long Changes, int Late, DeviceTerms Terms) Conditions => (Counts.Changes, StoreHealth.Late, Terms);

    /// <summary>Events of memory.</summary>
    public PressureLog Log { get; } = new(options.Time);

    /// <summary>Whether a session may not be touched for want of memory.</summary>
    public bool IsPinned(DeviceSession session) => session.PinnedUntil > 0 && Now < session.PinnedUntil;

    /// <summary>
    /// The session of a key, known or not. What is known of sessions without a cache, their fences with it, is forgotten of those used longest
    /// ago when there are many: what a session has durable is fenced where it is stored.
    /// </summary>
    public DeviceSession SessionOf(SessionKey key)
    {
        if (!Sessions.TryGetValue(key, out DeviceSession? session))
        {
            if (Sessions.Count >= _mostSessions)
            {
                ForgetCold();
            }

            session = new DeviceSession(key, Counts) { LastUse = ++Counts.Uses };
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

    private void ForgetCold()
    {
        DeviceSession[] cold = [.. Sessions.Values.Where(IsCold).OrderByDescending(session => session.LastUse)];
        foreach (DeviceSession session in cold.Skip(KeptCold))
        {
            Sessions.Remove(session.Key);
        }

        _mostSessions = Sessions.Count + KeptCold;
    }

    private bool IsCold(DeviceSession session) =>
        session is { Cache: null, Turn: null, Fetch: null, Compressing: 0, Saving.IsCompleted: true } && !IsPinned(session);
}
