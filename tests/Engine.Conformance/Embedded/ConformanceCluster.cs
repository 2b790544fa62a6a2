using KVCluster.Engine.Conformance.Embedded;
using KVCluster.Engine.Conformance.Grains;
using KVCluster.Engine.Embedded;
using KVCluster.Storage.Grains;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace KVCluster.Engine.Conformance.Cluster;

/// <summary>The embedded engine with a manual clock and states in a directory of its own.</summary>
internal sealed class ConformanceCluster : IConformanceCluster
{
    private readonly TemporaryFolder _folder = new();
    private readonly StateDirectory _states;
    private readonly ManualTime _time = new();
    private readonly EmbeddedCluster _cluster;
    private int _lastSilo;

    private ConformanceCluster(ConformanceOptions options, Stage stage)
    {
        _states = new StateDirectory(_folder.Path);
        _cluster = new EmbeddedCluster(new EmbeddedClusterOptions
        {
            GrainAssemblies = [typeof(ConformanceCluster).Assembly],
            TimeProvider = _time,
            ClientMessaging = new ClientMessagingOptions { ResponseTimeout = options.ResponseTimeout },
            ConfigureSilo = silo =>
            {
                silo.AddDirectoryGrainStorage("conformance", _states);
                silo.AddMemoryGrainStorage("memory");
                silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = options.ResponseTimeout);
                silo.Configure<GrainCollectionOptions>(collection =>
                {
                    collection.CollectionAge = options.CollectionAge;
                    collection.CollectionQuantum = TimeSpan.FromSeconds(1);
                });
                silo.Services.AddSingleton(stage);
                ConformancePlacement.AddTo(silo);
            },
        });
    }

    public IGrainFactory Client => _cluster.Client;

    public EmbeddedCluster Embedded => _cluster;

    public IReadOnlyList<ConformanceSilo> Silos => [.. _cluster.Silos.Select(Describe)];

    public static async Task<IConformanceCluster> StartAsync(ConformanceOptions options, Stage stage)
    {
        var cluster = new ConformanceCluster(options, stage);
        for (var i = 0; i < options.Silos; i++)
        {
            await cluster.StartSiloAsync();
        }

        return cluster;
    }

    public async Task<ConformanceSilo> StartSiloAsync()
    {
        var name = $"silo{_lastSilo++}";
        return Describe(await _cluster.StartSiloAsync(name, silo => silo.UseSiloMetadata(new Dictionary<string, string> { ["name"] = name })));
    }

    public Task StopSiloAsync(ConformanceSilo silo) => _cluster.StopSiloAsync(Find(silo));

    public Task KillSiloAsync(ConformanceSilo silo) => _cluster.KillSiloAsync(Find(silo));

    public Task PassTimeAsync(TimeSpan time)
    {
        _time.Advance(time);
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _states.Dispose();
        _folder.Dispose();
    }

    private static ConformanceSilo Describe(EmbeddedSilo silo) => new(silo.Name, silo.SiloAddress, silo.Services);

    private EmbeddedSilo Find(ConformanceSilo silo) => _cluster.Silos.Single(other => other.SiloAddress.Equals(silo.Address));
}
