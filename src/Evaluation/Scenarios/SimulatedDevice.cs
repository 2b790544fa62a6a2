using KVCluster.Compression.Pressure.Admission;

namespace KVCluster.Evaluation.Scenarios;

/// <summary>One device: turns start where their bytes fit, wait where not, and end in time by its speeds.</summary>
internal sealed class SimulatedDevice
{
    private readonly ScenarioRun _run;
    private readonly DevicePressure _pressure;
    private double _prefillFree;
    private int _life;

    public SimulatedDevice(ScenarioNode node, ScenarioRun run)
    {
        Name = node.Name;
        Memory = new DeviceMemory(node.Name, node.Bytes);
        _run = run;
        _pressure = new DevicePressure(this, run);
        Queue = NewQueue();
    }

    public string Name { get; }

    public DeviceMemory Memory { get; }

    public bool IsUp { get; private set; } = true;

    public FairQueue<SimulatedTurn> Queue { get; private set; }

    public List<SimulatedTurn> Running { get; } = [];

    /// <summary>Sessions whose caches are here.</summary>
    public Dictionary<string, SimulatedSession> Resident { get; } = new(StringComparer.Ordinal);

    /// <summary>Seconds of prefill that are lined up.</summary>
    public double Backlog => Math.Max(0, _prefillFree - _run.Time.Now);

    /// <summary>Bytes free once all that waits has come.</summary>
    public long Room => Memory.Limit - Memory.Used - Queue.WaitingBytes;

    public void Submit(SimulatedTurn turn)
    {
        long need = Need(turn);
        if (need > Memory.Lease.CapacityBytes)
        {
            _run.Refuse(turn, null);
            return;
        }

        if (Queue.Count == 0 && need <= Memory.Free)
        {
            Start(turn, need);
        }
        else if (Queue.TryEnqueue(turn.Session.Group.Tenant, turn, need) is null)
        {
            turn.Session.IsWaiting = true;
            int attempt = ++turn.Attempt;
            _run.Time.After(_run.Scenario.Queue.MaxWaitSeconds, () => GiveUpWaiting(turn, attempt));
        }
        else
        {
            _run.Refuse(turn, RetryAfter(turn));
        }

        _pressure.Look();
    }

    /// <summary>Lets in whoever fits by now.</summary>
    public void Admit()
    {
        while (IsUp && Queue.TryDequeue(Memory.Free, out SimulatedTurn turn))
        {
            turn.Session.IsWaiting = false;
            Start(turn, Need(turn));
        }

        _pressure.Look();
    }

    /// <summary>Takes a waiting turn out, for another device.</summary>
    public bool Withdraw(SimulatedTurn turn)
    {
        turn.Attempt++;
        turn.Session.IsWaiting = false;
        return Queue.Remove(turn.Session.Group.Tenant, turn);
    }

    /// <summary>Waiting turns whose cache is not here.</summary>
    public SimulatedTurn[] WaitingElsewhere() => [.. Queue.Items.Where(t => t.Session.Device != this)];

    public void Leave(SimulatedSession session)
    {
        Memory.Give(session.Bytes);
        Resident.Remove(session.Name);
        session.Leave();
    }

    /// <summary>The target takes the bytes before this device gives them up.</summary>
    public void Move(SimulatedSession session, SimulatedDevice target)
    {
        target.Memory.Take(session.Bytes);
        target.Resident.Add(session.Name, session);
        Memory.Give(session.Bytes);
        Resident.Remove(session.Name);
        session.MoveTo(target);
    }

    /// <summary>All its memory is lost. What ran or waited goes elsewhere.</summary>
    public void Lose()
    {
        IsUp = false;
        _life++;
        _prefillFree = 0;
        foreach (SimulatedSession session in Resident.Values)
        {
            session.Leave();
        }

        List<SimulatedTurn> orphans = [.. Running];
        while (Queue.TryDequeue(long.MaxValue, out SimulatedTurn turn))
        {
            orphans.Add(turn);
        }

        Resident.Clear();
        Running.Clear();
        Memory.Clear();
        _pressure.Reset();
        Queue = NewQueue();
        foreach (SimulatedTurn turn in orphans)
        {
            _run.Tally.Restarted += turn.Session.IsRunning ? 1 : 0;
            turn.Session.IsRunning = false;
            turn.Session.IsWaiting = false;
            turn.Attempt++;
            _run.Submit(turn);
        }
    }

    public void Return() => IsUp = true;

    private FairQueue<SimulatedTurn> NewQueue() => new(_run.Scenario.Queue.Capacity, _run.Scenario.Queue.TenantCapacity);

    private long Need(SimulatedTurn turn)
    {
        SimulatedSession session = turn.Session;
        long all = _run.Histograms.BytesOf(TokensAfter(turn));
        return session.Device == this ? all - _run.Histograms.BytesOf(session.Tokens) : all;
    }

    private int TokensAfter(SimulatedTurn turn) => _run.Histograms.InPages(turn.Session.Tokens + turn.PromptTokens + turn.AnswerTokens);

    private void Start(SimulatedTurn turn, long need)
    {
        SimulatedSession session = turn.Session;
        Memory.Take(need);
        turn.Reserved = need;
        turn.Attempt++;
        session.IsRunning = true;
        (double load, int prefill) = Attach(session);
        double mass = session.Device == this ? session.MassShare(_run.Histograms) : 1;
        double now = _run.Time.Now;
        _prefillFree = Math.Max(now + load, _prefillFree) + ((prefill + turn.PromptTokens) / _run.Scenario.Device.PrefillTokensPerSecond);
        _run.Tally.FirstToken(_prefillFree - turn.Arrived, mass);
        turn.Ends = _prefillFree + (turn.AnswerTokens / _run.Scenario.Device.DecodeTokensPerSecond);
        Running.Add(turn);
        int life = _life;
        _run.Time.After(turn.Ends - now, () => End(turn, life));
    }

    // Seconds of loading, or tokens to compute again: whichever is faster.
    private (double Load, int Prefill) Attach(SimulatedSession session)
    {
        if (session.Device == this || session.Tokens == 0)
        {
            _run.Tally.Resident += session.Tokens == 0 ? 0 : 1;
            return (0, 0);
        }

        double load = _run.Histograms.BytesOf(session.Tokens) / _run.Scenario.Device.LoadBytesPerSecond;
        if (session.HasColdCopy && load < session.Tokens / _run.Scenario.Device.PrefillTokensPerSecond)
        {
            _run.Tally.Loaded++;
            return (load, 0);
        }

        _run.Tally.Recomputed++;
        return (0, session.Tokens);
    }

    private void End(SimulatedTurn turn, int life)
    {
        if (life != _life)
        {
            return;
        }

        SimulatedSession session = turn.Session;
        Running.Remove(turn);
        session.IsRunning = false;
        int tokens = TokensAfter(turn);
        long added = _run.Histograms.BytesOf(tokens) - _run.Histograms.BytesOf(session.Tokens);
        session.Hold(this, tokens, session.Bytes + turn.Reserved);
        session.LastEnd = _run.Time.Now;
        Resident[session.Name] = session;
        _run.Tally.Served++;
        _pressure.SaveLater(session, added);
        _run.Ended(session);
        Admit();
    }

    private void GiveUpWaiting(SimulatedTurn turn, int attempt)
    {
        if (turn.Attempt == attempt && Withdraw(turn))
        {
            _run.Refuse(turn, RetryAfter(turn));
        }
    }

    private double? RetryAfter(SimulatedTurn turn) =>
        _pressure.Outlook(Queue.BytesAhead(turn.Session.Group.Tenant)).RetryAfter(Math.Max(0, Need(turn) - Memory.Free))?.TotalSeconds;
}
