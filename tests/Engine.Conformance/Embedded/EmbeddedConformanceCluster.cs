using KVCluster.Engine.Embedded;
using Orleans;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace KVCluster.Engine.Conformance.Embedded;

/// <summary>Virtual silos on a clock of their own, with states in a directory.</summary>
internal sealed class EmbeddedConformanceCluster : IConformanceCluster
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kvcluster-conformance-");
    private readonly ManualTime _time = new();
    private readonly EmbeddedCluster _cluster;

    public EmbeddedConformanceCluster(ConformanceSettings settings)
    {
        _cluster = new EmbeddedCluster(new EmbeddedClusterOptions
        {
            GrainAssemblies = [typeof(EmbeddedConformanceCluster).Assembly],
            TimeProvider = _time,
            ClientMessaging = new ClientMessagingOptions { ResponseTimeout = settings.ResponseTimeout },
            ConfigureSilo = silo =>
            {
                silo.AddDirectoryGrainStorage(ConformanceSilo.Storage, _folder.FullName);
                ConformanceSilo.Configure(silo, settings);
            },
        });
    }

    public IGrainFactory Client => _cluster.Client;

    public async Task<IConformanceSilo> StartSiloAsync(string name, bool killable) =>
        new Silo(await _cluster.StartSiloAsync(name, silo => silo.UseSiloMetadata(new() { [ConformanceSilo.NameMetadata] = name })).WaitAsync(Eventually.Limit));

    public Task StopSiloAsync(IConformanceSilo silo) => _cluster.StopSiloAsync(((Silo)silo).Inner).WaitAsync(Eventually.Limit);

    public Task KillSiloAsync(IConformanceSilo silo) => _cluster.KillSiloAsync(((Silo)silo).Inner).WaitAsync(Eventually.Limit);

    public async Task PassAsync(TimeSpan time)
    {
        _time.Advance(time);

        // What the clock set off runs on the thread pool.
        await Task.Delay(1);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync().AsTask().WaitAsync(Eventually.Limit);
        _folder.Delete(recursive: true);
    }

    private sealed record Silo(EmbeddedSilo Inner) : IConformanceSilo
    {
        public string Name => Inner.Name;

        public SiloAddress Address => Inner.SiloAddress;

        public IServiceProvider Services => Inner.Services;
    }
}
