using System.Collections.Concurrent;
using KVCluster.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace KVCluster.Dashboard.Tests.Support;

/// <summary>
/// What an OpenTelemetry collector is to an exporter: a server on loopback that takes OTLP's requests, by gRPC or by HTTP, and keeps them.
/// Anything that OTLP does not have is refused.
/// </summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private const int FrameHeader = 5;

    private readonly WebApplication _app;
    private readonly ConcurrentQueue<byte[]> _traces = new();
    private readonly ConcurrentQueue<byte[]> _metrics = new();

    private OtlpCollector(bool grpc)
    {
        int port = LoopbackPorts.Free();
        Address = new Uri($"http://127.0.0.1:{port}");
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls(Address.ToString());
        builder.WebHost.ConfigureKestrel(k => k.ConfigureEndpointDefaults(e => e.Protocols = grpc ? HttpProtocols.Http2 : HttpProtocols.Http1));
        builder.Services.AddRoutingCore();
        _app = builder.Build();
        _app.UseRouting();
        if (grpc)
        {
            _app.MapPost("/opentelemetry.proto.collector.trace.v1.TraceService/Export", (RequestDelegate)(c => GrpcAsync(c, _traces)));
            _app.MapPost("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", (RequestDelegate)(c => GrpcAsync(c, _metrics)));
        }
        else
        {
            _app.MapPost("/v1/traces", (RequestDelegate)(c => HttpAsync(c, _traces)));
            _app.MapPost("/v1/metrics", (RequestDelegate)(c => HttpAsync(c, _metrics)));
        }
    }

    public Uri Address { get; }

    /// <summary>What came, as it came: requests of traces and of metrics.</summary>
    public (IReadOnlyList<byte[]> Traces, IReadOnlyList<byte[]> Metrics) Requests => ([.. _traces], [.. _metrics]);

    /// <summary>Spans with their resource's attributes and their instrumentation's name.</summary>
    public IEnumerable<OtlpSpan> Spans =>
        from request in _traces
        from resource in new WireMessage(request).Messages(1)
        from scope in resource.Messages(2)
        from span in scope.Messages(2)
        select new OtlpSpan(
            scope.Messages(1).Single().Text(1), span.Text(5), span.Hex(1), span.Hex(2), span.Hex(4), span.Number(7), span.Number(8),
            AttributesOf(span, 9), AttributesOf(resource.Messages(1).Single(), 1));

    /// <summary>Names of metrics, the last of each with its data points' attributes.</summary>
    public IReadOnlyDictionary<string, OtlpMetric> Metrics =>
        (from request in _metrics
         from resource in new WireMessage(request).Messages(1)
         from scope in resource.Messages(2)
         from metric in scope.Messages(2)
         select MetricOf(metric)).GroupBy(m => m.Name).ToDictionary(g => g.Key, g => g.Last());

    public static async Task<OtlpCollector> StartAsync(bool grpc)
    {
        var collector = new OtlpCollector(grpc);
        await collector._app.StartAsync();
        return collector;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static OtlpMetric MetricOf(WireMessage metric)
    {
        // Gauge, sum, histogram: the data points are field 1 of each. Attributes are field 7 of a number's, 9 of a histogram's.
        int kind = new[] { 5, 7, 9 }.Single(metric.Has);
        WireMessage[] points = [.. metric.Messages(kind).Single().Messages(1)];
        return new OtlpMetric(metric.Text(1), metric.Text(3), [.. points.Select(p => AttributesOf(p, kind == 9 ? 9 : 7))]);
    }

    private static Dictionary<string, string> AttributesOf(WireMessage of, int field) => of.Messages(field).ToDictionary(
        a => a.Text(1),
        a => a.Messages(2).Single() is var value && value.Has(1) ? value.Text(1) : value.Number(3).ToString(System.Globalization.CultureInfo.InvariantCulture));

    private static async Task GrpcAsync(HttpContext context, ConcurrentQueue<byte[]> queue)
    {
        byte[] body = await ReadAsync(context);
        Assert.Equal("application/grpc", context.Request.ContentType);
        Assert.Equal(0, body[0]);
        queue.Enqueue(body[FrameHeader..]);
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(new byte[FrameHeader]);
        context.Response.AppendTrailer("grpc-status", "0");
    }

    private static async Task HttpAsync(HttpContext context, ConcurrentQueue<byte[]> queue)
    {
        Assert.Equal("application/x-protobuf", context.Request.ContentType);
        queue.Enqueue(await ReadAsync(context));
        context.Response.ContentType = "application/x-protobuf";
    }

    private static async Task<byte[]> ReadAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        return body.ToArray();
    }
}

/// <summary>A span as it came.</summary>
/// <param name="Scope">The instrumentation's name.</param>
/// <param name="Name">The span's.</param>
/// <param name="Trace">Hexadecimal.</param>
/// <param name="Id">Hexadecimal.</param>
/// <param name="Parent">Hexadecimal; empty: none.</param>
/// <param name="From">Nanoseconds of Unix time.</param>
/// <param name="Until">Nanoseconds of Unix time.</param>
/// <param name="Attributes">Texts and whole numbers.</param>
/// <param name="Resource">The resource's attributes.</param>
internal sealed record OtlpSpan(
    string Scope, string Name, string Trace, string Id, string Parent, ulong From, ulong Until,
    IReadOnlyDictionary<string, string> Attributes, IReadOnlyDictionary<string, string> Resource);

/// <summary>A metric as it came.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Points">Attributes of its data points.</param>
internal sealed record OtlpMetric(string Name, string Unit, IReadOnlyList<IReadOnlyDictionary<string, string>> Points);
