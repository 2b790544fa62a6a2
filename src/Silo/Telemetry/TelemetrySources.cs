using KVCluster.Grains;
using KVCluster.Storage;
using KVCluster.Worker.Serving;

namespace KVCluster.Silo.Telemetry;

/// <summary>Names of the meters and activity sources that are exported.</summary>
internal static class TelemetrySources
{
    public static IReadOnlyList<string> Meters { get; } =
    [
        WorkerMetrics.MeterName,
        GrainMetrics.MeterName,
        SnapshotStore.MeterName,
        GatewayMetrics.MeterName,
        ClusterMetrics.MeterName,
        "Microsoft.AspNetCore.Hosting",
        "Microsoft.AspNetCore.Server.Kestrel",
        "System.Runtime",
    ];

    /// <summary>The request's own span is ASP.NET Core's.</summary>
    public static IReadOnlyList<string> Activities { get; } =
        ["Microsoft.AspNetCore", "KVCluster.Gateway", "KVCluster.Grains", "KVCluster.Worker", "KVCluster.Storage"];
}
