using System.Collections.Concurrent;
using Orleans.Runtime;

namespace KVCluster.Grains;

/// <summary>
/// The cluster as this silo last heard of it: what placement decides by, without asking anybody. Renewed with each of this node's own
/// reports.
/// </summary>
public sealed class ClusterView
{
    private readonly ConcurrentDictionary<string, int> _placed = new(StringComparer.Ordinal);
    private volatile NodeReport[] _nodes = [];

    /// <summary>The last report of every live node.</summary>
    public IReadOnlyList<NodeReport> Nodes => _nodes;

    /// <summary>Whether there ever was more than one node with a device.</summary>
    public bool HasSeenOthers { get; private set; }

    /// <summary>Sessions placed from here on a node since it last reported: they will need room that its report does not know of.</summary>
    public int PlacedOn(string node) => _placed.GetValueOrDefault(node);

    /// <summary>Takes new reports.</summary>
    public void Update(NodeReport[] nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        _nodes = nodes;
        HasSeenOthers |= nodes.Count(node => node.Devices.Length > 0) > 1;
        _placed.Clear();
    }

    /// <summary>
    /// The address of a live node; null where none of that name is known. Asks the directory where this silo has not heard of it.
    /// </summary>
    public async Task<SiloAddress?> FindAsync(string node, IGrainFactory grains, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(grains);
        if (Known(node) is { } known)
        {
            return known;
        }

        Update(await grains.GetGrain<IDeviceDirectoryGrain>(0).List(cancellationToken));
        return Known(node);
    }

    internal void NotePlaced(string node) => _placed.AddOrUpdate(node, 1, (_, count) => count + 1);

    private SiloAddress? Known(string node) => Array.Find(_nodes, report => report.Node == node)?.Address;
}
