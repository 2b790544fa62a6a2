using KVCluster.Engine.Embedded;
using KVCluster.Evaluation.Scenarios;
using KVCluster.Grains;
using KVCluster.Worker.Serving;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;

namespace KVCluster.Silo.Simulating;

/// <summary>A node of a simulation: a silo with one device, or with none. It reports and balances when told to.</summary>
/// <param name="name">Its name.</param>
/// <param name="number">Its place among the scenario's; devices are told by it.</param>
/// <param name="open">Opens its device; null: it has none.</param>
/// <param name="terms">What tenants may hold.</param>
/// <param name="tally">What is told.</param>
internal sealed class SimulatedNode(string name, int number, Func<SimulatedDevice>? open, ITenantTerms terms, SimulationTally tally)
{
    private long _moved;
    private EmbeddedSilo? _silo;
    private MemoryBalancer? _balancer;
    private Task _balancing = Task.CompletedTask;

    public string Name { get; } = name;

    public bool IsUp => _silo is not null;

    /// <summary>Null where it has none, or is lost.</summary>
    public SimulatedDevice? Device { get; private set; }

    public EmbeddedSilo Silo => _silo ?? throw new InvalidOperationException($"node {Name} is lost");

    /// <summary>Turns on the device.</summary>
    public int Turns => Device?.Worker.Turns ?? 0;

    /// <summary>Calls of grains to the device so far.</summary>
    public long CallsBegun => Device?.Worker.Begun ?? 0;

    /// <summary>Whether sessions are being moved away.</summary>
    public bool IsMoving => _balancer is { Moving.IsCompleted: false };

    /// <summary>Whether a call of a session is on the device.</summary>
    public bool Holds(SessionKey session) => Device is not null && Device.Worker.Holds(session);

    /// <summary>Whether nothing of the node's own goes on without the clock.</summary>
    public bool IsQuiet() =>
        (_balancing.IsCompleted || Device is { KeepsMeasureWaiting: true }) && (Device is null || Device.IsQuiet());

    public async Task StartAsync(EmbeddedCluster cluster)
    {
        Device = open?.Invoke();
        _silo = await cluster.StartSiloAsync(Name, silo =>
        {
            silo.Services.AddSingleton(terms);
            silo.AddKVClusterGrains(_ => new NodeDevices(Device is null ? [] : [Device.Worker]));

            // Who reports when is the clock's business.
            silo.Services.RemoveAll<IHostedService>();
        });
        _balancer = _silo.Services.GetRequiredService<MemoryBalancer>();
    }

    /// <summary>The node is gone from one moment to the next, with what its device held.</summary>
    public async Task KillAsync(EmbeddedCluster cluster)
    {
        Note();
        (EmbeddedSilo silo, SimulatedDevice? device) = (Silo, Device);
        (_silo, Device, _balancer, _balancing) = (null, null, null, Task.CompletedTask);
        await cluster.KillSiloAsync(silo);
        if (device is not null)
        {
            await device.DisposeAsync();
        }
    }

    /// <summary>Tells the directory of devices of this one.</summary>
    public Task ReportAsync() => Silo.Services.GetRequiredService<NodeReporter>().ReportAsync(CancellationToken.None);

    /// <summary>Begins to tell the allocator of this node's memory, unless that is still under way.</summary>
    public void Balance()
    {
        if (_balancing.IsCompleted && Device is not null)
        {
            tally.Reports++;
            _balancing = BalanceAsync(_balancer!);
        }
    }

    /// <summary>Looks how full the device is.</summary>
    public void Look()
    {
        if (Device is not null)
        {
            tally.Held(number, Device.UsedShare);
        }

        long moved = _balancer?.MovedSessions ?? 0;
        if (moved > _moved)
        {
            tally.Moved(moved - _moved);
        }

        _moved = moved;
    }

    private static async Task BalanceAsync(MemoryBalancer balancer)
    {
        try
        {
            await balancer.BalanceAsync(CancellationToken.None);
        }
        catch (Exception)
        {
            // As in the balancer's own loop: the last lease stays in force.
        }
    }

    private void Note()
    {
        Look();
        _moved = 0;
        tally.Acted(Device?.Worker.Pressure?.Status(long.MaxValue).Totals ?? []);
    }
}
