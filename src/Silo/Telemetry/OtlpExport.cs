using KVCluster.Inference;
using KVCluster.Silo.Configuration;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace KVCluster.Silo.Telemetry;

/// <summary>
/// Sends metrics and traces to an OpenTelemetry collector, where the settings or the usual variables (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c>) name one.
/// Without one, nobody records spans, and they cost nothing.
/// </summary>
internal sealed class OtlpExport : IDisposable
{
    private const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private readonly MeterProvider _metrics;
    private readonly TracerProvider _traces;

    private OtlpExport(TelemetrySettings settings, string node, Uri? endpoint)
    {
        ResourceBuilder resource = ResourceBuilder.CreateDefault().AddService("kvcluster", serviceInstanceId: node);
        _metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter([.. TelemetrySources.Meters])
            .AddOtlpExporter(options => Configure(options, settings, endpoint, "v1/metrics"))
            .Build();
        _traces = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .AddSource([.. TelemetrySources.Activities])
            .SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(settings.TracePercent / 100.0)))
            .AddOtlpExporter(options => Configure(options, settings, endpoint, "v1/traces"))
            .Build();
    }

    /// <summary>Null where nobody is to be told.</summary>
    /// <exception cref="InputException">The address is none.</exception>
    public static OtlpExport? Start(TelemetrySettings settings, string node)
    {
        if (settings.OtlpEndpoint.Length == 0)
        {
            return Environment.GetEnvironmentVariable(EndpointVariable) is { Length: > 0 } ? new OtlpExport(settings, node, null) : null;
        }

        return Uri.TryCreate(settings.OtlpEndpoint, UriKind.Absolute, out Uri? endpoint) && endpoint.Scheme is "http" or "https"
            ? new OtlpExport(settings, node, endpoint)
            : throw new InputException($"setting 'Telemetry:OtlpEndpoint' must be an address such as http://127.0.0.1:4317, not '{settings.OtlpEndpoint}'");
    }

    /// <summary>The variables say all that the settings leave open.</summary>
    private static void Configure(OtlpExporterOptions options, TelemetrySettings settings, Uri? endpoint, string path)
    {
        if (endpoint is null)
        {
            return;
        }

        bool http = settings.OtlpProtocol == OtlpProtocol.Http;
        options.Protocol = http ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
        options.Endpoint = http ? new Uri($"{endpoint.ToString().TrimEnd('/')}/{path}") : endpoint;
    }

    public void Dispose()
    {
        _traces.Dispose();
        _metrics.Dispose();
    }
}
