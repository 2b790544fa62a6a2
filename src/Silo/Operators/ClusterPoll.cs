using KVCluster.Grains;
using Microsoft.Extensions.Logging;
using Orleans;

namespace KVCluster.Silo.Operators;

/// <summary>Asks the cluster's grains how things are. A part that does not answer is named, and the rest is shown.</summary>
internal sealed partial class ClusterPoll(IGrainFactory grains, Func<IReadOnlyList<string>> tenants, ILogger logger)
{
    private const int PageSize = 1000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly Dictionary<string, Dictionary<string, long>> _stamps = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _events = new(StringComparer.Ordinal);
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);

    /// <summary>What the polls of one round could not learn.</summary>
    public List<PollFault> Faults { get; } = [];

    /// <summary>Every live node that answers.</summary>
    public async Task<IReadOnlyList<NodeObservation>> NodesAsync(CancellationToken cancellationToken)
    {
        NodeReport[] live = await TryAsync("the device directory", c => grains.GetGrain<IDeviceDirectoryGrain>(0).List(c), cancellationToken) ?? [];
        NodeObservation?[] nodes = await Task.WhenAll(live.Select(node => NodeAsync(node.Node, cancellationToken)));
        return [.. nodes.OfType<NodeObservation>().OrderBy(node => node.Node, StringComparer.Ordinal)];
    }

    /// <summary>A device's pressure with the events since the last poll; null where no grain tells.</summary>
    public async Task<PressureReport?> PressureAsync(string node, string device, CancellationToken cancellationToken)
    {
        string key = $"{node}/{device}";
        PressureReport? report = await TryAsync(
            $"the pressure of {key}",
            c => grains.GetGrain<ICompressionGrain>(key).Status(_events.GetValueOrDefault(key), c),
            cancellationToken);
        if (report is { Events.Length: > 0 })
        {
            _events[key] = report.Events.Max(e => e.Number);
        }

        return report;
    }

    public Task<AllocatorReport?> AllocatorAsync(CancellationToken cancellationToken) =>
        TryAsync("the allocator", c => grains.GetGrain<IAllocatorGrain>(0).Status(c), cancellationToken);

    /// <summary>The sessions of every tenant; a tenant whose index does not answer is left out.</summary>
    public async Task<IReadOnlyList<(string Tenant, List<SessionSummary> Sessions)>> IndexesAsync(CancellationToken cancellationToken)
    {
        var all = new List<(string, List<SessionSummary>)>();
        foreach (string tenant in tenants())
        {
            if (await TryAsync($"the sessions of {tenant}", c => IndexAsync(tenant, c), cancellationToken, tenant) is { } sessions)
            {
                all.Add((tenant, sessions));
            }
        }

        return all;
    }

    private async Task<List<SessionSummary>> IndexAsync(string tenant, CancellationToken cancellationToken)
    {
        var sessions = new List<SessionSummary>();
        string? after = null;
        do
        {
            SessionPage page = await grains.GetGrain<ITenantIndexGrain>(tenant).List(after, PageSize, cancellationToken);
            sessions.AddRange(page.Sessions);
            after = page.Next;
        }
        while (after is not null);
        return sessions;
    }

    private async Task<NodeObservation?> NodeAsync(string node, CancellationToken cancellationToken)
    {
        Dictionary<string, long> stamps = _stamps.GetValueOrDefault(node) ?? [];
        NodeObservation? seen = await TryAsync(
            $"node {node}", c => grains.GetGrain<INodeGrain>(node).Observe(new ObserveRequest { Stamps = stamps }, c), cancellationToken);
        lock (_stamps)
        {
            if (seen is null)
            {
                _stamps.Remove(node);
            }
            else
            {
                _stamps[node] = seen.Devices.ToDictionary(d => d.Report.Device, d => d.Stamp, StringComparer.Ordinal);
            }
        }

        return seen;
    }

    private async Task<T?> TryAsync<T>(string what, Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken, string? tenant = null)
        where T : class
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Patience);
            T answer = await ask(limit.Token);
            lock (_told)
            {
                _told.Remove(what);
            }

            return answer;
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            lock (_told)
            {
                Faults.Add(new PollFault($"{what}: {(error is OperationCanceledException ? "no answer in time" : error.Message)}", tenant));
                if (_told.Add(what))
                {
                    // Once, until it answers again: polls come every second.
                    LogFault(logger, error, what);
                }
            }

            return null;
        }
    }

    [LoggerMessage(EventId = 5001, Level = LogLevel.Warning, Message = "the dashboard cannot learn of {What}")]
    private static partial void LogFault(ILogger logger, Exception error, string what);
}
