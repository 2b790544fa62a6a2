using Orleans.Runtime;

namespace KVCluster.Grains;

/// <summary>This node at this instant.</summary>
internal static class NodeReports
{
    public static NodeReport Of(ILocalSiloDetails silo, INodeDevices devices) => new()
    {
        Node = silo.Name,
        Address = silo.SiloAddress,
        Devices = [.. devices.All.Select(device => device.Report())],
    };
}
