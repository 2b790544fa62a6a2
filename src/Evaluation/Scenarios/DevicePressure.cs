using KVCluster.Compression.Pressure;
using KVCluster.Compression.Pressure.Admission;

namespace KVCluster.Evaluation.Scenarios;

/// <summary>Runs the pressure controller on a simulated device and carries out its acts.</summary>
internal sealed class DevicePressure(SimulatedDevice device, ScenarioRun run)
{
    // A device looks at its memory no more often than this, in seconds.
    private const double LookSeconds = 0.5;
    private readonly HashSet<SimulatedSession> _leaving = [];
    private double _lastLook = double.NegativeInfinity;
    private bool _lookPlanned;
    private bool _isPressing;
    private double _saveFree;

    public void Reset()
    {
        _leaving.Clear();
        _isPressing = false;
        _saveFree = 0;
    }

    /// <summary>Decides and acts, at once or when the next look is due.</summary>
    public void Look()
    {
        long demand = device.Memory.Used + device.Queue.WaitingBytes;
        if (!device.IsUp || (!_isPressing && demand <= run.Scenario.Pressure.HighWatermark * device.Memory.Limit))
        {
            return;
        }

        double due = _lastLook + LookSeconds - run.Time.Now;
        if (due > 0)
        {
            if (!_lookPlanned)
            {
                _lookPlanned = true;
                run.Time.After(due, () =>
                {
                    _lookPlanned = false;
                    Look();
                });
            }

            return;
        }

        _lastLook = run.Time.Now;
        PressureDecision decision = run.Controller.Decide(Snapshot(), _isPressing);
        _isPressing = decision.IsPressing;
        foreach (PressureAct act in decision.Acts)
        {
            Carry(act);
        }

        if (decision.PlannedBytes > 0)
        {
            device.Admit();
        }
    }

    /// <summary>Writes what a turn added to a session's cache to the cold store while it is idle.</summary>
    public void SaveLater(SimulatedSession session, long added)
    {
        if (run.Scenario.Device.SaveBytesPerSecond > 0)
        {
            int version = session.Version;
            After(added, () => session.HasColdCopy |= session.Version == version && session.IsWhole);
        }
    }

    /// <summary>What comes free, and when.</summary>
    public AdmissionOutlook Outlook(long ahead)
    {
        double now = run.Time.Now;
        return new AdmissionOutlook
        {
            Running = [.. device.Running.Select(t => new RunningTurn(t.Ends - now, t.Session.Bytes + t.Reserved))],
            ReclaimableBytes = device.Resident.Values.Where(s => !s.IsRunning && !s.IsWaiting).Sum(s => s.Bytes),
            ReclaimBytesPerSecond = run.Scenario.Pressure.Compress
                ? run.Scenario.Device.CompressBytesPerSecond
                : run.Scenario.Device.SaveBytesPerSecond,
            AheadBytes = ahead,
        };
    }

    private PressureSnapshot Snapshot()
    {
        Dictionary<string, long> tenants = new(StringComparer.Ordinal);
        foreach (SimulatedSession session in device.Resident.Values)
        {
            tenants[session.Group.Tenant] = tenants.GetValueOrDefault(session.Group.Tenant) + session.Bytes;
        }

        return new PressureSnapshot
        {
            LimitBytes = device.Memory.Limit,
            UsedBytes = device.Memory.Used - _leaving.Sum(s => s.Bytes),
            WaitingBytes = device.Queue.WaitingBytes,
            FirstWaitingBytes = device.Queue.LargestFirst,
            Candidates = [.. device.Resident.Values.Where(s => !s.IsRunning && !_leaving.Contains(s)).Select(s => Candidate(s, tenants))],
            CanDemote = run.Scenario.Device.SaveBytesPerSecond > 0,
            Tenants = tenants.ToDictionary(t => t.Key, t => new TenantBytes(t.Value, device.Memory.Lease.Of(t.Key).GuaranteedBytes)),
            Outlook = Outlook(0),
        };
    }

    private PressureCandidate Candidate(SimulatedSession session, Dictionary<string, long> tenants)
    {
        ScenarioDevice speeds = run.Scenario.Device;
        double recompute = device.Backlog + (session.Tokens / speeds.PrefillTokensPerSecond);
        double load = run.Histograms.BytesOf(session.Tokens) / speeds.LoadBytesPerSecond;
        string tenant = session.Group.Tenant;
        return new PressureCandidate
        {
            Session = session.Name,
            Tenant = tenant,
            Bytes = session.Bytes,
            Histogram = run.Scenario.Pressure.Compress ? session.Present(run.Histograms) : null,
            IsActive = session.IsWaiting,
            MayLeave = !session.IsWaiting,
            Importance = SessionWeight.Importance(session.Group.Priority, tenants[tenant], device.Memory.Lease.Of(tenant).EntitledBytes),
            ReturnChance = run.Chance.Of(run.Time.Now - session.LastEnd, [.. session.Gaps]),
            SecondsToReturn = session.HasColdCopy || session.IsWhole ? Math.Min(load, recompute) : recompute,
            SecondsToLeave = session.HasColdCopy || speeds.SaveBytesPerSecond == 0
                ? 0
                : Math.Max(0, _saveFree - run.Time.Now) + (session.Bytes / speeds.SaveBytesPerSecond),
            HasColdCopy = session.HasColdCopy,
        };
    }

    private void Carry(PressureAct act)
    {
        switch (act)
        {
            case CompressAct compress:
                device.Resident[compress.Session].Cut(compress.Keep, compress.PlannedBytes);
                device.Memory.Give(compress.PlannedBytes);
                run.Tally.Compressions++;
                break;
            case DropAct drop:
                device.Leave(device.Resident[drop.Session]);
                run.Tally.Drops++;
                break;
            case DemoteAct demote:
                Demote(device.Resident[demote.Session]);
                break;
        }
    }

    private void Demote(SimulatedSession session)
    {
        _leaving.Add(session);
        int version = session.Version;
        After(session.Bytes, () =>
        {
            _leaving.Remove(session);

            // A turn that came meanwhile has the cache; the copy is one the next leaving need not write.
            if (session.Version != version || session.IsRunning || session.IsWaiting)
            {
                return;
            }

            session.HasColdCopy |= session.IsWhole;
            device.Leave(session);
            run.Tally.Demotions++;
            device.Admit();
        });
    }

    // Writes share one line to the store.
    private void After(long bytes, Action written)
    {
        _saveFree = Math.Max(run.Time.Now, _saveFree) + (bytes / run.Scenario.Device.SaveBytesPerSecond);
        run.Time.After(_saveFree - run.Time.Now, written);
    }
}
