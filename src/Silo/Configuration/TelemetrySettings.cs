using System.ComponentModel;

namespace KVCluster.Silo.Configuration;

internal sealed class TelemetrySettings
{
    [Description("where metrics and traces are sent by OTLP, such as http://127.0.0.1:4317; empty: where OTEL_EXPORTER_OTLP_ENDPOINT says, or nowhere")]
    public string OtlpEndpoint { get; init; } = "";

    [Description("how it is sent there: Grpc (collectors' port 4317) or Http (4318)")]
    public OtlpProtocol OtlpProtocol { get; init; }

    [Description("percent of requests without a trace of their caller's that are traced"), Range(0, 100)]
    public int TracePercent { get; init; } = 100;

    [Description("the tenant whose administrators see the sessions of all tenants on the dashboard; empty: everybody sees the own tenant's only")]
    public string OperatorTenant { get; init; } = "";
}
