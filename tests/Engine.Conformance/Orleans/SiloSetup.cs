using KVCluster.Engine.Conformance.Grains;
using KVCluster.Engine.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;

namespace KVCluster.Engine.Conformance.Cluster;

/// <summary>What every silo of the suite has, in any process.</summary>
internal static class SiloSetup
{
    public static OrleansClusterOptions Options(string redis, string name, int port, int gatewayPort) => new()
    {
        Redis = redis,
        SiloName = name,
        SiloPort = port,
        GatewayPort = gatewayPort,
        Storages = ["conformance"],
        Metadata = new Dictionary<string, string> { ["name"] = name },
    };

    public static void Configure(ISiloBuilder silo, OrleansClusterOptions cluster, ConformanceOptions options, Stage stage)
    {
        silo.UseKVCluster(cluster);
        silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = options.ResponseTimeout);
        silo.Configure<GrainCollectionOptions>(collection =>
        {
            collection.CollectionAge = options.CollectionAge;
            collection.CollectionQuantum = TimeSpan.FromSeconds(1);
        });
        silo.Services.AddSingleton(stage);
        ConformancePlacement.AddTo(silo);
    }
}
