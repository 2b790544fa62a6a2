using System.Net;
using KVCluster.Inference;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Dashboard;
using KVCluster.Silo.Gateway.Files;
using KVCluster.Silo.Gateway.Health;
using KVCluster.Silo.Gateway.OpenApi;
using KVCluster.Silo.OpenAi;
using KVCluster.Silo.Operators;
using KVCluster.Silo.Serving;
using KVCluster.Silo.Tenants;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace KVCluster.Silo.Gateway;

/// <summary>The HTTP server: OpenAI's endpoints and the sessions API in front of the grains.</summary>
internal static class GatewayApp
{
    /// <param name="listen">Address and limits.</param>
    /// <param name="grains">The cluster's client.</param>
    /// <param name="model">The model served.</param>
    /// <param name="tenants">Keys; null: everybody on loopback.</param>
    /// <param name="health">What probes are told.</param>
    /// <param name="operators">The dashboard and the metrics.</param>
    /// <param name="logging">Where logs go.</param>
    public static WebApplication Build(
        ListenSettings listen,
        IGrainFactory grains,
        ServedModel model,
        TenantFile? tenants,
        ServerHealth health,
        OperatorServices operators,
        Action<ILoggingBuilder> logging)
    {
        Uri address = AddressOf(listen, tenants is not null);

        // Attributes of requests' spans by OpenTelemetry's conventions, which ASP.NET Core leaves to a further package otherwise.
        AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        logging(builder.Logging);
        builder.WebHost.UseKestrelCore().UseUrls(address.ToString());
        builder.WebHost.ConfigureKestrel(kestrel => Limit(kestrel, listen));
        WebApplication? built = null;
        UseTls(builder, address, listen, fault => ServerLog.CertificateKept(built!.Services.GetRequiredService<ILogger<ServerCertificate>>(), fault));
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(listen.ShutdownSeconds));
        WebApplication app = built = builder.Build();
        app.UseMiddleware<GatewayErrors>();
        app.Use(HealthEndpoints.Admission(health));
        var authentication = new Authentication(tenants);
        app.Lifetime.ApplicationStopped.Register(authentication.Dispose);
        app.Use(authentication.InvokeAsync);
        app.UseRouting();
        app.Use(RequestTrace.NameAsync);
        app.Lifetime.ApplicationStopping.Register(operators.Stop);
        new OperatorEndpoints(operators).Map(app);
        DashboardFiles.Map(app);
        HealthEndpoints.Map(app, health);
        Map(app, grains, model);
        return app;
    }

    private static void Map(WebApplication app, IGrainFactory grains, ServedModel model)
    {
        var completions = new CompletionEndpoint(grains, model, TimeProvider.System);
        app.MapPost("/v1/chat/completions", (RequestDelegate)completions.ChatAsync);
        app.MapPost("/v1/completions", (RequestDelegate)completions.TextAsync);
        app.MapPost("/v1/responses", (RequestDelegate)completions.ResponseAsync);
        var self = new ModelBody(model.Name, "model", model.Since.ToUnixTimeSeconds(), "kvcluster");
        app.MapGet("/v1/models", (RequestDelegate)(c => c.Response.WriteAsJsonAsync(new ModelList("list", [self]), OpenAiJson.Web.ModelList)));
        app.MapGet("/v1/models/{**id}", (RequestDelegate)(c => Uri.UnescapeDataString((string?)c.Request.RouteValues["id"] ?? "") == model.Name
            ? c.Response.WriteAsJsonAsync(self, OpenAiJson.Web.ModelBody)
            : throw OpenAiException.NotFound($"the model '{c.Request.RouteValues["id"]}' does not exist", "model", "model_not_found")));
        new SessionEndpoints(grains).Map(app);
        new SessionFileEndpoints(grains).Map(app);
        ApiDocumentEndpoint.Map(app, model.Name);
        // Names with a dot too, which the fallback for pages leaves to files.
        app.MapFallback("{**path}", (RequestDelegate)(c => throw OpenAiException.NotFound($"there is no {c.Request.Method} {c.Request.Path} here")));
    }

    private static void UseTls(WebApplicationBuilder builder, Uri address, ListenSettings listen, Action<string> complain)
    {
        if (address.Scheme == Uri.UriSchemeHttp)
        {
            if (listen.CertificateFile.Length > 0)
            {
                throw new InputException($"setting 'Listen:CertificateFile' needs an https address, 'Listen:Url' is {listen.Url}");
            }

            return;
        }

        if (listen.CertificateFile.Length == 0)
        {
            throw new InputException($"'Listen:Url' is {listen.Url}, which needs a certificate: set 'Listen:CertificateFile'");
        }

        var certificate = new ServerCertificate(listen.CertificateFile, listen.CertificateKeyFile, TimeProvider.System, complain);
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.ConfigureHttpsDefaults(https =>
        {
            https.ServerCertificateSelector = (_, _) => certificate.Current.TargetCertificate;
            https.OnAuthenticate = (_, tls) =>
            {
                // The context also sends those that signed the certificate.
                tls.ServerCertificateSelectionCallback = null;
                tls.ServerCertificateContext = certificate.Current;
            };
        }));
    }

    private static void Limit(KestrelServerOptions kestrel, ListenSettings listen)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = listen.MaxRequestBytes;
        kestrel.Limits.MaxConcurrentConnections = listen.MaxConnections;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(listen.HeadersTimeoutSeconds);
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(listen.MinBodyBytesPerSecond, TimeSpan.FromSeconds(5));
    }

    private static Uri AddressOf(ListenSettings listen, bool hasKeys)
    {
        if (!Uri.TryCreate(listen.Url, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https") || address.PathAndQuery != "/")
        {
            throw new InputException($"setting 'Listen:Url' must be an address such as http://127.0.0.1:8080, not '{listen.Url}'");
        }

        bool loopback = address.IsLoopback || (IPAddress.TryParse(address.Host, out IPAddress? ip) && IPAddress.IsLoopback(ip));
        return loopback || hasKeys
            ? address
            : throw new InputException($"'{listen.Url}' is not loopback: without keys the server listens there only; set 'Tenants:File'");
    }
}
