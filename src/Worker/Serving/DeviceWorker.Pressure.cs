using KVCluster.Compression.Pressure;
using KVCluster.Inference;
using KVCluster.Inference.Kv;
using KVCluster.Worker.Serving.Device;
using KVCluster.Worker.Serving.Device.Pressure;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Serving;

/// <content>Memory pressure, as others see it.</content>
public sealed partial class DeviceWorker : IDevicePressure
{
    private static readonly TimeSpan LongestPin = TimeSpan.FromDays(1);
    private static readonly DevicePressureOptions UsualPressure = new();

    /// <summary>How long bytes that gave way count as needed: a device that sheds all it is short of would not look short.</summary>
    private static readonly TimeSpan MissedFor = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public IDevicePressure Pressure => this;

    /// <inheritdoc/>
    DevicePressureOptions IDevicePressure.Options => PressureOptions;

    private DevicePressureOptions PressureOptions => _parts.Options.Pressure ?? UsualPressure;

    /// <inheritdoc/>
    DevicePressureStatus IDevicePressure.Status(long afterEvent)
    {
        LedgerSnapshot ledger = _parts.Ledger();
        long limit = _parts.LimitBytes;
        (ReliefEvent[] events, ReliefTotal[] totals) = _parts.Log.Read(afterEvent);
        return new DevicePressureStatus
        {
            LimitBytes = limit,
            UsedBytes = ledger.TotalBytes - ledger.FreeBytes,
            WaitingBytes = _parts.Counts.WaitingBytes,
            HighBytes = (long)(PressureOptions.Weighing.HighWatermark * limit),
            LowBytes = (long)(PressureOptions.Weighing.LowWatermark * limit),
            IsPressing = _core.Pressure?.IsPressing ?? false,
            Events = events,
            Totals = totals,
        };
    }

    /// <inheritdoc/>
    void IDevicePressure.Apply(DeviceTerms terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentOutOfRangeException.ThrowIfNegative(terms.LimitBytes);
        _parts.Terms = terms;
        _inbox.Post(() => { });
    }

    /// <inheritdoc/>
    async ValueTask IDevicePressure.RelieveAsync(CancellationToken cancellationToken)
    {
        Task relieved = await CallAsync(() => _core.Pressure?.Relieve() ?? Task.CompletedTask, cancellationToken).ConfigureAwait(false);
        await relieved.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    async ValueTask<DeviceMemory> IDevicePressure.MeasureAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _measuresAsked);
        (List<WeightedProfile> profiles, long held, DeviceMemory memory) = await CallAsync(Measured, cancellationToken).ConfigureAwait(false);
        profiles.Add(new WeightedProfile(ByteProfile.OfBins([], held), 1));
        return memory with { Profile = ByteProfile.Sum(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(profiles)) };
    }

    /// <inheritdoc/>
    async ValueTask IDevicePressure.PinAsync(SessionKey session, long epoch, TimeSpan duration, CancellationToken cancellationToken)
    {
        TurnCheck.Key(session);
        if (duration < TimeSpan.Zero || duration > LongestPin)
        {
            throw new InputException($"a cache is pinned for 0 to {LongestPin.TotalSeconds} seconds, not for {duration.TotalSeconds}");
        }

        await CallAsync(() => Pin(_core.Enter(session, epoch), duration), cancellationToken).ConfigureAwait(false);
    }

    private bool Pin(DeviceSession session, TimeSpan duration)
    {
        if (duration == TimeSpan.Zero)
        {
            session.PinnedUntil = 0;
            _parts.Counts.Changes++;
            return true;
        }

        long most = (long)(PressureOptions.PinnedShare * _parts.LimitBytes);
        long others = _parts.Sessions.Values.Sum(s => s != session && s.Cache is not null && _parts.IsPinned(s) ? s.Cache.Bytes : 0);
        long own = session.Cache?.Bytes ?? 0;
        if (others + own > most)
        {
            throw new InputException(
                $"session {session.Key} cannot be pinned: with its {own} bytes pinned caches would hold {others + own} of device "
                + $"{Device}, and {most} may be pinned there");
        }

        session.PinnedUntil = _parts.Now + (long)(duration.TotalSeconds * _parts.Options.Time.TimestampFrequency);
        _parts.Pins.Note(session.PinnedUntil);
        return true;
    }

    private bool IsMissed(DeviceSession session) =>
        session.GaveWay.At != 0 && _parts.Options.Time.GetElapsedTime(session.GaveWay.At, _parts.Now) < MissedFor;

    private (List<WeightedProfile> Profiles, long Held, DeviceMemory Memory) Measured()
    {
        Interlocked.Decrement(ref _measuresAsked);
        return Measure();
    }

    private (List<WeightedProfile> Profiles, long Held, DeviceMemory Memory) Measure()
    {
        var view = _core.Pressure?.View ?? new PressureView(_parts, UsualPressure, new CacheRanking(_parts, UsualPressure));
        Dictionary<string, long> tenants = view.Tenants();
        (List<WeightedProfile> profiles, long held) = view.Profiles(tenants);
        LedgerSnapshot ledger = _parts.Ledger();
        Dictionary<string, long> needs = _core.Board.WaitingByTenant();
        foreach ((string tenant, long bytes) in tenants)
        {
            needs[tenant] = needs.GetValueOrDefault(tenant) + bytes;
        }

        long missed = 0;
        foreach (DeviceSession session in _parts.Sessions.Values.Where(s => s.Cache is null && IsMissed(s)))
        {
            missed += session.GaveWay.Bytes;
            needs[session.Key.Tenant] = needs.GetValueOrDefault(session.Key.Tenant) + session.GaveWay.Bytes;
        }

        return (profiles, held, new DeviceMemory
        {
            CapacityBytes = ledger.TotalBytes,
            UsedBytes = ledger.TotalBytes - ledger.FreeBytes,
            WaitingBytes = _parts.Counts.WaitingBytes + missed,
            Profile = ByteProfile.Empty,
            Needs = needs,
            Movable = view.Movable(tenants),
        });
    }
}
