using System.Collections.Concurrent;
using KVCluster.Evaluation.Scenarios;
using KVCluster.Grains;
using KVCluster.Worker.Serving;
using Orleans;

namespace KVCluster.Silo.Simulating;

/// <summary>Who comes when, and which of their calls are under way.</summary>
internal sealed class SimulatedArrivals(Scenario scenario, SimulationSetup setup, SimulationTally tally, IGrainFactory grains)
{
    private readonly List<SimulatedClient> _clients = [];
    private readonly ConcurrentDictionary<SessionKey, bool> _underWay = new();
    private Exception? _fault;
    private volatile bool _isOver;

    public Scenario Scenario { get; } = scenario;

    public SimulationClock Clock => setup.Clock;

    public SimulationScale Scale => setup.Scale;

    public SimulationTally Tally { get; } = tally;

    /// <summary>How many clients wait for an answer.</summary>
    public int UnderWay => _underWay.Count;

    /// <summary>The sessions of clients that wait for an answer.</summary>
    public IEnumerable<SessionKey> Sessions => _underWay.Select(call => call.Key);

    /// <summary>What no client expects; null: nothing.</summary>
    public Exception? Fault => Volatile.Read(ref _fault);

    public ISessionGrain SessionOf(SessionKey session) => grains.GetGrain<ISessionGrain>(SessionId.Of(session.Tenant, session.Session).Key);

    public int TokenOf(ScenarioArrivals group) => setup.TokenOf(group);

    /// <summary>Plans every session's coming.</summary>
    public void Plan()
    {
        Random random = new(Scenario.Seed);
        foreach (ScenarioArrivals group in Scenario.Arrivals)
        {
            double at = group.StartSeconds;
            for (int i = 0; i < group.Sessions; i++)
            {
                // Each with its own dice: what one does changes nothing for the others.
                var client = new SimulatedClient(this, group, i, new Random(random.Next()));
                Clock.After(at, () =>
                {
                    Tally.Sessions++;
                    _clients.Add(client);
                    client.Come();
                });
                at += group.SessionsPerSecond > 0 ? -Math.Log(1 - random.NextDouble()) / group.SessionsPerSecond : 0;
            }
        }
    }

    /// <summary>Begins a call of a client's; it has one at a time.</summary>
    public void Begin(SessionKey session, Func<Task> call)
    {
        if (!_isOver)
        {
            _ = RunAsync(session, call);
        }
    }

    /// <summary>Nobody says anything more; answers under way are not waited for.</summary>
    public void End() => _isOver = true;

    /// <summary>Acknowledged turns that sessions do not know.</summary>
    public async Task<long> LostAsync()
    {
        long lost = 0;
        foreach (SimulatedClient client in _clients)
        {
            await RunAsync(client.Session, async () => lost += await client.LostAsync());
        }

        return lost;
    }

    private async Task RunAsync(SessionKey session, Func<Task> call)
    {
        bool isFirst = _underWay.TryAdd(session, true);
        try
        {
            await call();
        }
        catch (Exception error)
        {
            Interlocked.CompareExchange(ref _fault, error, null);
        }
        finally
        {
            if (isFirst)
            {
                _underWay.TryRemove(session, out _);
            }
        }
    }
}
