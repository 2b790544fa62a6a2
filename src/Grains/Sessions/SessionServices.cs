using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace KVCluster.Grains;

/// <summary>What every session of a silo uses.</summary>
internal sealed class SessionServices(
    INodeDevices devices, NodeSessions sessions, ClusterView cluster, ILocalSiloDetails silo, IOptions<GrainOptions> options, TimeProvider time)
{
    public INodeDevices Devices { get; } = devices;

    public NodeSessions Sessions { get; } = sessions;

    public ClusterView Cluster { get; } = cluster;

    public string Node { get; } = silo.Name;

    /// <summary>Whether this node takes turns.</summary>
    public bool TakesTurns => !Sessions.IsDraining && Devices.All.Any(device => device.Report() is { IsDraining: false, Failure: null });

    /// <summary>Whether a node besides this one takes turns.</summary>
    public bool IsAnotherNode => Cluster.Nodes.Any(node => node.TakesTurns && node.Node != Node);

    public SiloAddress Address { get; } = silo.SiloAddress;

    public GrainOptions Options { get; } = options.Value;

    public TimeProvider Time { get; } = time;
}
