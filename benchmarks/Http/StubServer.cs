using KVCluster.Benchmarks.Sessions;
using KVCluster.Engine.Embedded;
using KVCluster.Grains;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Gateway;
using KVCluster.Silo.Gateway.Health;
using KVCluster.Silo.Operators;
using KVCluster.Worker;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans;
using Orleans.Hosting;

namespace KVCluster.Benchmarks.Http;

/// <summary>The gateway and the grains over a device that takes no time, or as long as it is told to.</summary>
internal sealed class StubServer : IAsyncDisposable
{
    private readonly LocalModel _model;
    private readonly EmbeddedCluster _engine = new(new EmbeddedClusterOptions { GrainAssemblies = [typeof(INodeDevices).Assembly] });
    private readonly OperatorServices _operators;
    private readonly WebApplication _app;

    private StubServer(string model)
    {
        _model = LocalModel.Open(model, new LocalModelOptions { ContextTokens = 64, Threads = 1 });
        var served = new ServedModel("m", ModelText.Of(_model), default);
        _operators = new OperatorServices(new TelemetrySettings(), ["node"], _engine.Client, served, null, null, NullLoggerFactory.Instance);
        _app = GatewayApp.Build(new ListenSettings { Url = "http://127.0.0.1:0" }, _engine.Client, served, null, new ServerHealth([]), _operators, _ => { });
    }

    public IGrainFactory Grains => _engine.Client;

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public static async Task<StubServer> StartAsync(string model, Func<int, Task>? pace = null)
    {
        var server = new StubServer(model);
        await server._engine.StartSiloAsync("node", builder => builder
            .AddMemoryGrainStorage(GrainStorageNames.Sessions)
            .AddKVClusterGrains(_ => new NodeDevices([new InstantWorker(server._model, pace)])));
        await server._app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _operators.DisposeAsync();
        await _engine.DisposeAsync();
        _model.Dispose();
    }
}
