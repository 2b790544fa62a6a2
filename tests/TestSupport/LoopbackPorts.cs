using System.Net;
using System.Net.Sockets;

namespace KVCluster.TestSupport;

/// <summary>Ports of the loopback interface that nothing listens on at the moment of asking.</summary>
public static class LoopbackPorts
{
    public static int Free()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
