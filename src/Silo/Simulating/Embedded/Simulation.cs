using System.Diagnostics;
using KVCluster.Engine.Embedded;
using KVCluster.Evaluation.Scenarios;
using KVCluster.Grains;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace KVCluster.Silo.Simulating;

/// <summary>
/// Replays a scenario against the real grains, allocator and device workers on a clock that goes from event to event. It goes on only when
/// everything that was begun has ended or waits for it, so outcomes do not depend on the machine's speed.
/// </summary>
internal sealed class Simulation : IDisposable
{
    private const double ReportSeconds = 2;
    private const double LookSeconds = 0.25;
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);
    private readonly Scenario _scenario;
    private readonly SimulationClock _clock = new();
    private readonly SimulationSetup _setup;
    private readonly SimulationTally _tally;
    private readonly EmbeddedCluster _cluster;
    private readonly SimulatedArrivals _arrivals;
    private readonly List<SimulatedNode> _nodes;
    private readonly SimulatedNode _directories;
    private readonly SimulatedNode _allocator;
    private readonly Settling _settling;
    private readonly string _folder = Directory.CreateTempSubdirectory("kvcluster-simulation-").FullName;

    private Simulation(Scenario scenario, SimulationTimeline? timeline)
    {
        _scenario = scenario;
        _setup = new SimulationSetup(scenario, _clock, _folder);
        _tally = new SimulationTally(_setup.Scale, _clock, timeline);
        _cluster = new EmbeddedCluster(new EmbeddedClusterOptions
        {
            GrainAssemblies = [typeof(GrainOptions).Assembly],
            TimeProvider = _clock,
            Random = new SharedRandom(scenario.Seed),
            ConfigureSilo = silo => silo.AddMemoryGrainStorage(GrainStorageNames.Sessions),
        });
        _arrivals = new SimulatedArrivals(scenario, _setup, _tally, _cluster.Client);
        var terms = new ScenarioTerms(scenario, _setup.Scale);
        SimulatedModel.Write(_folder, scenario.Model.Rows, _setup.Scale.ContextTokens);
        _nodes = [.. scenario.Nodes.Select((node, number) =>
            new SimulatedNode(node.Name, number, () => SimulatedDevice.Open(_setup, node, _tally.Ended), terms, _tally))];

        // What nodes have in common is on silos of its own, so that a node's loss is the loss of its device and its sessions' activations.
        _directories = new SimulatedNode("(directories)", -1, null, terms, _tally);
        _allocator = new SimulatedNode("(allocator)", -1, null, terms, _tally);
        _settling = new Settling(_cluster, _arrivals, _nodes);
    }

    /// <summary>Runs a scenario to its end.</summary>
    /// <param name="scenario">What happens.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="timeline">Filled on the way, where a picture is wanted.</param>
    /// <exception cref="Inference.InputException">A device is too small for its model.</exception>
    public static SimulationReport Run(Scenario scenario, CancellationToken cancellationToken, SimulationTimeline? timeline = null)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        using Simulation simulation = new(scenario, timeline);
        return simulation.Run(cancellationToken);
    }

    public void Dispose()
    {
        _arrivals.End();
        foreach (SimulatedNode node in _nodes.Append(_directories).Append(_allocator).Where(node => node.IsUp))
        {
            Finish(node.KillAsync(_cluster));
        }

        Finish(_cluster.DisposeAsync().AsTask());
        Directory.Delete(_folder, recursive: true);
    }

    private static void Finish(Task task) => task.WaitAsync(s_patience).GetAwaiter().GetResult();

    private SimulationReport Run(CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        Finish(StartAsync());
        _arrivals.Plan();
        PlanLosses();
        Report();
        Balance();
        Look();
        while (_settling.Settle(cancellationToken) && _clock.NextDue <= _scenario.Seconds)
        {
            _clock.FireNext();
        }

        _arrivals.End();
        _tally.LostTurns = Ended(_arrivals.LostAsync(), cancellationToken);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        foreach (SimulatedNode node in _nodes.Where(node => node.IsUp))
        {
            Finish(node.KillAsync(_cluster));
        }

        return _tally.Report(_scenario, _settling.Unsettled, seconds);
    }

    private async Task StartAsync()
    {
        await _directories.StartAsync(_cluster);
        await PlaceAsync(_directories.Silo, async () =>
        {
            await _cluster.Client.GetGrain<IDeviceDirectoryGrain>(0).List();
            foreach (string tenant in _scenario.Arrivals.Select(group => group.Tenant).Distinct())
            {
                for (int part = 0; part < TenantParts.Count; part++)
                {
                    await _cluster.Client.GetGrain<ITenantIndexPartGrain>(TenantParts.Key(tenant, part)).Locate("nobody");
                }
            }
        });
        await StartAllocatorAsync();
        foreach (SimulatedNode node in _nodes)
        {
            await node.StartAsync(_cluster);
        }
    }

    private async Task StartAllocatorAsync()
    {
        await _allocator.StartAsync(_cluster);
        await PlaceAsync(_allocator.Silo, () => _cluster.Client.GetGrain<IAllocatorGrain>(0).Status());
    }

    private static async Task PlaceAsync(EmbeddedSilo silo, Func<Task> call)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, silo.SiloAddress);
        try
        {
            await call();
        }
        finally
        {
            RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        }
    }

    private void Report()
    {
        // Twice where nodes have come or gone, so that each knows of all.
        foreach (SimulatedNode node in _nodes.Concat(_nodes).Append(_directories).Where(node => node.IsUp))
        {
            Finish(node.ReportAsync());
        }

        _clock.After(ReportSeconds, Report);
    }

    private void Balance()
    {
        if (_allocator.IsUp)
        {
            _nodes.ForEach(node =>
            {
                node.Balance();
                _settling.Settle(CancellationToken.None);
            });
        }

        _clock.After(new GrainOptions().BalancePeriod.TotalSeconds, Balance);
    }

    private void Look()
    {
        _nodes.ForEach(node => node.Look());
        _clock.After(LookSeconds, Look);
    }

    private void PlanLosses()
    {
        foreach (ScenarioLoss loss in _scenario.Losses)
        {
            SimulatedNode node = _nodes.FirstOrDefault(n => n.Name == loss.Node) ?? _allocator;
            _clock.After(loss.AtSeconds, () => Lose(node));
            if (loss.BackSeconds is { } back)
            {
                _clock.After(back, () => Return(node));
            }
        }
    }

    private void Lose(SimulatedNode node)
    {
        if (node.IsUp)
        {
            _tally.NodeLosses += node == _allocator ? 0 : 1;
            _tally.AllocatorLosses += node == _allocator ? 1 : 0;
            Finish(node.KillAsync(_cluster));
        }
    }

    private void Return(SimulatedNode node)
    {
        if (!node.IsUp)
        {
            Finish(node == _allocator ? StartAllocatorAsync() : node.StartAsync(_cluster));
        }
    }

    private T Ended<T>(Task<T> task, CancellationToken cancellationToken)
    {
        while (!task.IsCompleted && _settling.Settle(cancellationToken))
        {
            if (!task.IsCompleted)
            {
                _clock.FireNext();
            }
        }

        return task.GetAwaiter().GetResult();
    }
}
