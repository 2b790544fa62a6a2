using System.ComponentModel;

namespace KVCluster.Silo.Configuration;

/// <summary>How a server leaves. Running turns have <see cref="ListenSettings.ShutdownSeconds"/>.</summary>
internal sealed class DrainSettings
{
    [Description("seconds that requests are still taken after the stop was asked for, while /readyz says no: until load balancers have noticed"), Range(0, 600)]
    public int DelaySeconds { get; init; }

    [Description("seconds that caches have, besides the turns' time, to go to other nodes or to the cold store"), Range(0, 3600)]
    public int HandOverSeconds { get; init; } = 60;
}
