using KVCluster.Compression.Pressure;
using KVCluster.Inference.Kv;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Serving.Device.Pressure;

/// <summary>
/// Watches the ledger on the device's thread and decides what gives: above the high watermark, where a turn needs room, where a tenant holds
/// more than it may. Between two looks at which nothing changed it costs one comparison.
/// </summary>
internal sealed class PressureControl
{
    /// <summary>
    /// Growth of running answers, as a share of the device, that is worth another look where the last one found nothing to take, or at
    /// tenants' limits.
    /// </summary>
    private const double Growth = 0.01;

    private readonly DeviceParts _parts;
    private readonly DevicePressureOptions _options;
    private readonly ArenaRoom _room;
    private readonly PressureView _view;
    private readonly PressureActs _acts;
    private readonly PressureController _controller;
    private readonly List<TaskCompletionSource> _relieved = [];
    private (long Used, (long Changes, int Late, DeviceTerms Terms) Conditions) _seen = (-1, (-1, 0, DeviceTerms.Unbounded));

    // Bytes held when tenants were added up last, and when a look found nothing to take (-1: the last one found something).
    private long _tenantsAt;
    private long _fruitlessAt = -1;
    private volatile bool _isPressing;

    public PressureControl(DeviceParts parts, DevicePressureOptions options, ArenaRoom room)
    {
        _parts = parts;
        _options = options;
        _room = room;
        Ranking = new CacheRanking(parts, options);
        _view = new PressureView(parts, options, Ranking);
        _acts = new PressureActs(parts, room, _view, new CacheCutter(parts, Ranking));
        _controller = new PressureController(options.Weighing);
        Restores = new IdleRestores(parts, options);
    }

    public CacheRanking Ranking { get; }

    public IdleRestores Restores { get; }

    public PressureView View => _view;

    /// <summary>Whether the device is between a rise above the high watermark and its return to the low one; read by any thread.</summary>
    public bool IsPressing => _isPressing;

    private long Used
    {
        get
        {
            LedgerSnapshot ledger = _parts.Ledger();
            return ledger.TotalBytes - ledger.FreeBytes;
        }
    }

    /// <summary>A look, between two steps.</summary>
    public void Check()
    {
        (long Used, (long Changes, int Late, DeviceTerms Terms) Conditions) now = (Used, _parts.Conditions);
        if (now == _seen)
        {
            return;
        }

        bool isAbove = now.Used > (long)(_options.Weighing.HighWatermark * _parts.LimitBytes);
        bool isNew = now.Conditions != _seen.Conditions;
        if ((isAbove || _isPressing) && (isNew || _fruitlessAt < 0 || HasGrown(now.Used, _fruitlessAt)))
        {
            Decide(null, 0, null, null);
        }

        if (now.Conditions.Terms.HasTenantLimits && (isNew || HasGrown(now.Used, _tenantsAt)))
        {
            CheckTenants(now.Conditions.Terms);
            _tenantsAt = now.Used;
        }

        _seen = now;
    }

    /// <summary>A turn needs so many bytes beyond those held.</summary>
    public void MakeRoom(long bytes, Turn turn) =>
        Decide(turn.IsRunning ? ReliefCauses.GrowingAnswer : null, bytes, null, turn.IsRunning ? turn.Session : null);

    /// <summary>Whether a tenant may hold so many bytes more, after its own caches have given what they can.</summary>
    public bool IsWithinLimit(DeviceSession session, long more)
    {
        string tenant = session.Key.Tenant;
        if (more <= 0 || !_parts.Terms.HasTenantLimits || _parts.Terms.Tenant(tenant).LimitBytes is not { } limit)
        {
            return true;
        }

        if (_view.Tenants().GetValueOrDefault(tenant) + more > limit)
        {
            DecideTenant(tenant, limit, more);
        }

        return _view.Tenants().GetValueOrDefault(tenant) + more <= limit;
    }

    /// <summary>Acts as if the high watermark had just been crossed; ended when what is coming has come.</summary>
    public Task Relieve()
    {
        Decide(ReliefCauses.Asked, 0, null, null, always: true);
        if (!_room.IsSaving)
        {
            return Task.CompletedTask;
        }

        var relieved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _relieved.Add(relieved);
        return relieved.Task;
    }

    /// <summary>A turn has ended, made or not.</summary>
    public void Ended(Turn turn)
    {
        DeviceSession session = turn.Session;
        if (!turn.Restores)
        {
            Ranking.Prepare(session);
            return;
        }

        bool isWhole = turn.IsAttached && session.Cache is { IsExact: true } && session.Cached >= turn.HistoryTokens;
        session.RestoreFailedAt = isWhole ? 0 : _parts.Now;
        if (isWhole)
        {
            session.CutAt = 0;
            Ranking.Prepare(session);
            _parts.Log.Add(new ReliefEvent
            {
                Kind = ReliefKind.Restore,
                Cause = turn.IsAutomatic ? ReliefCauses.MemoryFree : ReliefCauses.Asked,
                Session = session.Key,
                UsedBytes = Used,
                LimitBytes = _parts.LimitBytes,
                FreedBytes = turn.BytesBefore - session.Cache!.Bytes,
                Tokens = session.Cached,
                Seconds = _parts.Seconds(turn.ArrivedAt, _parts.Now),
            });
        }
    }

    /// <summary>The device ends: nobody waits any more.</summary>
    public void Close()
    {
        _relieved.ForEach(waiting => waiting.TrySetResult());
        _relieved.Clear();
    }

    /// <summary>A save that made, or was to make, room has ended.</summary>
    public void Saved()
    {
        Ranking.FollowAll();
        if (!_room.IsSaving)
        {
            Close();
        }
    }

    private void Decide(string? cause, long needed, string? tenant, DeviceSession? growing, bool always = false)
    {
        Dictionary<string, long> tenants = _view.Tenants();
        var sharing = new PageSharing(_parts);
        long since = _parts.Now;
        long used = Math.Max(0, Used - _room.ComingBytes);
        long waiting = Math.Max(needed, _parts.Counts.WaitingBytes);
        var snapshot = new PressureSnapshot
        {
            LimitBytes = _parts.LimitBytes,
            UsedBytes = used,
            WaitingBytes = needed > 0 ? waiting : 0,
            FirstWaitingBytes = needed,
            Candidates = _view.Candidates(tenants, sharing, tenant, growing),
            Shared = sharing.Groups(),
            CanDemote = _view.CanSave,
            Tenants = Guarantees(tenants),
        };
        PressureDecision decision = _controller.Decide(snapshot, _isPressing || always);
        bool freed = Act(decision, new ReliefContext(cause, used, snapshot.LimitBytes, snapshot.WaitingBytes, since));

        // Everything that may be taken was: pressing on would cut each session to its floors as soon as its turn has ended. Those that were
        // left out for being ranked have not been asked yet.
        bool isSpent = decision.PlannedBytes < decision.WantedBytes && !_view.LeftOut;
        bool isAbove = used - decision.PlannedBytes > (long)(_options.Weighing.HighWatermark * snapshot.LimitBytes);

        // What is free already needs no second look: the thread may sleep until then.
        bool isDone = needed == 0 && Used <= (long)(_options.Weighing.LowWatermark * snapshot.LimitBytes);
        _isPressing = decision.IsPressing && (!isSpent || isAbove) && !isDone;
        _fruitlessAt = decision.IsPressing && !freed ? Used : -1;
    }

    private bool HasGrown(long used, long since) => used - since > Growth * _parts.LimitBytes;

    private void CheckTenants(DeviceTerms terms)
    {
        foreach ((string tenant, long held) in _view.Tenants())
        {
            if (terms.Tenant(tenant).LimitBytes is { } limit && held > limit)
            {
                DecideTenant(tenant, limit, 0);
            }
        }
    }

    /// <summary>The tenant's own caches, and no others, make room below its limit.</summary>
    private void DecideTenant(string tenant, long limit, long more)
    {
        Dictionary<string, long> tenants = _view.Tenants();
        var controller = new PressureController(_options.Weighing with { HighWatermark = 1, LowWatermark = _options.Weighing.LowWatermark });
        var sharing = new PageSharing(_parts);
        long since = _parts.Now;
        var snapshot = new PressureSnapshot
        {
            LimitBytes = limit,
            UsedBytes = tenants.GetValueOrDefault(tenant),
            WaitingBytes = more,
            FirstWaitingBytes = more,
            Candidates = _view.Candidates(tenants, sharing, tenant, null),
            Shared = sharing.Groups(),
            CanDemote = _view.CanSave,
        };
        PressureDecision decision = controller.Decide(snapshot, wasPressing: false);
        Act(decision, new ReliefContext(ReliefCauses.TenantLimit, snapshot.UsedBytes, limit, more, since));
    }

    private Dictionary<string, TenantBytes> Guarantees(Dictionary<string, long> tenants)
    {
        Dictionary<string, TenantBytes> guarantees = new(tenants.Count, StringComparer.Ordinal);
        foreach ((string tenant, long held) in tenants)
        {
            guarantees[tenant] = new TenantBytes(held, Math.Max(0, _parts.Terms.Tenant(tenant).GuaranteedBytes));
        }

        return guarantees;
    }

    /// <summary>Carries a decision out; whether anything came of it or is coming.</summary>
    private bool Act(PressureDecision decision, ReliefContext why)
    {
        if (decision.Acts.Count == 0)
        {
            return false;
        }

        Dictionary<string, DeviceSession> named = new(StringComparer.Ordinal);
        foreach (DeviceSession session in _parts.Sessions.Values)
        {
            named[session.Name] = session;
        }

        long before = Used;
        foreach (PressureAct act in decision.Acts)
        {
            if (SessionOf(act) is { } name)
            {
                _acts.Do(act, named[name], why);
            }
        }

        Ranking.FollowAll();
        return Used < before || _room.IsComing;
    }

    // A turn for which there is no room is refused when it has waited its time.
    private static string? SessionOf(PressureAct act) => act switch
    {
        DropAct drop => drop.Session,
        DemoteAct demote => demote.Session,
        CompressAct cut => cut.Session,
        _ => null,
    };
}
