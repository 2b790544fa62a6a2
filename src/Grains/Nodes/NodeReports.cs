using Orleans.Runtime;

namespace KVCluster.Grains;

/// <summary>This node at this instant.</summary>
internal static class NodeReports
{
    public static NodeReport Of(ILocalSiloDetails silo, INodeDevices devices, NodeSessions sessions) => new()
    {
        Node = silo.Name,
        Address = silo.SiloAddress,
        Devices = [.. devices.All.Select(device => Of(device.Report(), sessions))],
    };

    /// <summary>A node that drains says so at once, before its devices have heard of it.</summary>
    private static DeviceReport Of(DeviceReport device, NodeSessions sessions) =>
        sessions.IsDraining ? device with { IsDraining = true } : device;
}
