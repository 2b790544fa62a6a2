using KVCluster.Compression.Pressure;
using KVCluster.Compression.Pressure.Leases;

namespace KVCluster.Evaluation.Scenarios;

/// <summary>
/// Runs a scenario on a simulated clock: the real controller, queue, allocator and chances of return, on devices that are only bytes and speeds.
/// Thousands of sessions take seconds. The same scenario gives the same outcome.
/// </summary>
public sealed class ScenarioRun
{
    private const double LeaseSeconds = 5;
    private readonly List<SimulatedDevice> _devices;
    private readonly Dictionary<string, TenantTerms> _terms;
    private readonly Random _random;
    private int _allocatorsGone;
    private long _round;

    private ScenarioRun(Scenario scenario)
    {
        Scenario = scenario;
        Histograms = new HistogramCache(scenario.Model, scenario.Seed);
        Controller = new PressureController(scenario.Pressure.ToOptions());
        _random = new Random(scenario.Seed);
        _terms = scenario.Tenants.ToDictionary(t => t.Name, t => new TenantTerms(t.Share, t.GuaranteedBytes), StringComparer.Ordinal);
        _devices = [.. scenario.Nodes.Select(n => new SimulatedDevice(n, this))];
    }

    internal Scenario Scenario { get; }

    internal SimulatedTime Time { get; } = new();

    internal HistogramCache Histograms { get; }

    internal PressureController Controller { get; }

    internal ReturnChance Chance { get; } = new();

    internal ScenarioTally Tally { get; } = new();

    /// <summary>Runs a scenario to its end.</summary>
    /// <exception cref="Inference.InputException">A field is out of range; the message names it.</exception>
    /// <exception cref="InvalidOperationException">A device came to hold more than its limit: a fault of the decisions under test.</exception>
    public static ScenarioOutcome Run(Scenario scenario)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ScenarioCheck.Check(scenario);
        ScenarioRun run = new(scenario);
        run.Plan();
        run.Time.RunUntil(scenario.Seconds);
        return run.Tally.Outcome(scenario.Name, run._devices.Max(d => d.Memory.PeakShare));
    }

    /// <summary>Sends a turn where its cache is, else where most room is.</summary>
    internal void Submit(SimulatedTurn turn)
    {
        SimulatedDevice? device = turn.Session.Device is { IsUp: true } holder ? holder : _devices.Where(d => d.IsUp).MaxBy(d => d.Room);
        if (device is null)
        {
            Refuse(turn, Scenario.Queue.MaxWaitSeconds);
        }
        else
        {
            device.Submit(turn);
        }
    }

    /// <summary>Tells a client when to come again; null: nobody knows.</summary>
    internal void Refuse(SimulatedTurn turn, double? retryAfter)
    {
        Tally.Refusals++;
        if (++turn.Refusals > Scenario.Queue.Retries)
        {
            Tally.GaveUp++;
            turn.Session.TurnsLeft = 0;
            return;
        }

        Time.After(retryAfter ?? Scenario.Queue.MaxWaitSeconds, () => Submit(turn));
    }

    /// <summary>A turn has ended: the next comes after a pause.</summary>
    internal void Ended(SimulatedSession session)
    {
        if (session.TurnsLeft > 0)
        {
            Time.After(Exponential(session.Group.PauseSeconds), () => Arrive(session, Draw(session.Group.PromptTokens)));
        }
    }

    private void Plan()
    {
        foreach (ScenarioArrivals group in Scenario.Arrivals)
        {
            double at = group.StartSeconds;
            for (int i = 0; i < group.Sessions; i++)
            {
                SimulatedSession session = new($"{group.Name}-{i}", group, Draw(group.Turns));
                int document = Draw(group.DocumentTokens);
                Time.After(at, () =>
                {
                    Tally.Sessions++;
                    Arrive(session, document);
                });
                at += group.SessionsPerSecond > 0 ? Exponential(1 / group.SessionsPerSecond) : 0;
            }
        }

        foreach (ScenarioLoss loss in Scenario.Losses)
        {
            PlanLoss(loss);
        }

        Time.After(LeaseSeconds, Allocate);
    }

    private void PlanLoss(ScenarioLoss loss)
    {
        SimulatedDevice? device = loss.Node is null ? null : _devices.Single(d => d.Name == loss.Node);
        Time.After(loss.AtSeconds, () =>
        {
            device?.Lose();
            _allocatorsGone += device is null ? 1 : 0;
        });
        if (loss.BackSeconds is { } back)
        {
            Time.After(back, () =>
            {
                device?.Return();
                _allocatorsGone -= device is null ? 1 : 0;
            });
        }
    }

    private void Arrive(SimulatedSession session, int promptTokens)
    {
        session.TurnsLeft--;
        if (session.LastEnd > 0)
        {
            session.Gaps.Add(Time.Now - session.LastEnd);
        }

        Submit(new SimulatedTurn(session, promptTokens, Draw(session.Group.AnswerTokens), Time.Now));
    }

    private void Allocate()
    {
        Time.After(LeaseSeconds, Allocate);
        SimulatedDevice[] up = [.. _devices.Where(d => d.IsUp)];
        if (_allocatorsGone > 0 || up.Length == 0)
        {
            return;
        }

        LeaseRound round = ByteLeases.Grant(++_round, [.. up.Select(Report)], _terms, new LeaseOptions());
        Tally.Messages += round.Messages;
        for (int i = 0; i < up.Length; i++)
        {
            up[i].Memory.Lease = up[i].Memory.Lease.Accept(round.Leases[i], TimeSpan.FromSeconds(Time.Now));
        }

        foreach (SessionMove move in round.Moves)
        {
            Move(up.Single(d => d.Name == move.From), up.Single(d => d.Name == move.To), move.Bytes);
        }
    }

    private NodeReport Report(SimulatedDevice device)
    {
        Dictionary<string, long> needs = new(StringComparer.Ordinal);
        List<WeightedProfile> parts = [];
        foreach (SimulatedSession session in device.Resident.Values)
        {
            needs[session.Group.Tenant] = needs.GetValueOrDefault(session.Group.Tenant) + session.Bytes;
            ScoreHistogram present = session.Present(Histograms);
            double chance = Chance.Of(Time.Now - session.LastEnd, [.. session.Gaps]);
            double weight = SessionWeight.Of(SessionWeight.Importance(session.Group.Priority), chance);
            parts.Add(new WeightedProfile(present.Profile, present.TotalMass > 0 ? weight / present.TotalMass : weight));
        }

        foreach (SimulatedTurn turn in device.Running)
        {
            needs[turn.Session.Group.Tenant] = needs.GetValueOrDefault(turn.Session.Group.Tenant) + turn.Reserved;
        }

        return new NodeReport
        {
            Node = device.Name,
            CapacityBytes = device.Memory.Lease.CapacityBytes,
            UsedBytes = device.Memory.Used,
            WaitingBytes = device.Queue.WaitingBytes,
            Profile = ByteProfile.Sum([.. parts]),
            Needs = needs,
        };
    }

    // Turns that wait have no bytes to carry; then idle sessions, the most recently used first, since they come back soonest.
    private void Move(SimulatedDevice from, SimulatedDevice to, long bytes)
    {
        foreach (SimulatedTurn turn in from.WaitingElsewhere())
        {
            long need = Histograms.BytesOf(turn.Session.Tokens + turn.PromptTokens);
            if (need <= bytes && from.Withdraw(turn))
            {
                bytes -= need;
                Tally.Moves++;
                to.Submit(turn);
            }
        }

        SimulatedSession[] idle = [.. from.Resident.Values.Where(s => !s.IsRunning && !s.IsWaiting).OrderByDescending(s => s.LastEnd)];
        foreach (SimulatedSession session in idle)
        {
            if (session.Bytes <= bytes && session.Bytes <= to.Memory.Free)
            {
                bytes -= session.Bytes;
                Tally.Moves++;
                from.Move(session, to);
            }
        }
    }

    private int Draw(ScenarioRange range) => _random.Next(range.Min, range.Max + 1);

    private double Exponential(double mean) => -mean * Math.Log(1 - _random.NextDouble());
}
