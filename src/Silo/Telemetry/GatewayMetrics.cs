using System.Diagnostics.Metrics;

namespace KVCluster.Silo.Telemetry;

/// <summary>What the gateway exports beside ASP.NET Core's own meters (docs/metrics.md).</summary>
internal static class GatewayMetrics
{
    public const string MeterName = "KVCluster.Gateway";

    private static readonly Meter Meter = new(MeterName);
    private static int _viewers;

    private static readonly Counter<long> Refusals = Meter.CreateCounter<long>(
        "kvcluster.gateway.errors", "{request}", "Requests answered with an error, by OpenAI's type of error and status.");

    private static readonly ObservableGauge<int> Viewers = Meter.CreateObservableGauge(
        "kvcluster.dashboard.viewers", () => Volatile.Read(ref _viewers), "{viewer}", "Open dashboards.");

    public static void Refused(string type, int status) =>
        Refusals.Add(1, new("type", type), new("status", status));

    public static void Viewing(int change) => Interlocked.Add(ref _viewers, change);
}
