using System.Diagnostics;
using KVCluster.Engine.Hosting;
using KVCluster.TestSupport;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Hosting;
using Xunit;
using Xunit.Abstractions;

namespace KVCluster.Engine.Conformance.OnOrleans;

public sealed class FailoverTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task A_killed_silos_grain_answers_from_another_within_five_seconds()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        OrleansClusterOptions stays = Options(redis, "stays"), dies = Options(redis, "dies");
        await using OrleansSilo survivor = await OrleansSilo.StartAsync(stays, configure: null);
        await using SiloProcess victim = await SiloProcess.StartAsync(dies);
        using IHost client = await StartClientAsync(redis);
        IGrainFactory grains = (IGrainFactory)client.Services.GetService(typeof(IClusterClient))!;

        ISilosNameGrain grain = await OnSiloAsync(grains, "dies");
        Stopwatch dead = Stopwatch.StartNew();
        await victim.KillAsync();
        Assert.Equal("stays", await UntilAnsweredAsync(grain, dead));
        output.WriteLine($"answered {dead.Elapsed.TotalSeconds:F2} s after the kill");
        Assert.InRange(dead.Elapsed, TimeSpan.Zero, Limit);
        await client.StopAsync();
    }

    private static OrleansClusterOptions Options(RedisServer redis, string name) => new()
    {
        Redis = redis.Endpoint,
        SiloName = name,
        SiloPort = LoopbackPorts.Free(),
        GatewayPort = LoopbackPorts.Free(),
    };

    private static async Task<IHost> StartClientAsync(RedisServer redis)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.UseOrleansClient(c => c.UseKVCluster(new OrleansClusterOptions { Redis = redis.Endpoint }));
        IHost host = builder.Build();
        await host.StartAsync();
        return host;
    }

    /// <summary>A grain that placement put on a silo; keys are tried until there is one.</summary>
    private static async Task<ISilosNameGrain> OnSiloAsync(IGrainFactory grains, string silo)
    {
        for (int key = 0; key < 1000; key++)
        {
            ISilosNameGrain grain = grains.GetGrain<ISilosNameGrain>($"{key}");
            if (await grain.Silo() == silo)
            {
                return grain;
            }
        }

        throw new InvalidOperationException($"of 1000 grains none was placed on {silo}");
    }

    private static async Task<string> UntilAnsweredAsync(ISilosNameGrain grain, Stopwatch waited)
    {
        while (true)
        {
            try
            {
                return await grain.Silo().WaitAsync(TimeSpan.FromSeconds(30) - waited.Elapsed);
            }
            catch (global::Orleans.Runtime.OrleansException) when (waited.Elapsed < TimeSpan.FromSeconds(30))
            {
                await Task.Delay(20);
            }
        }
    }
}

/// <summary>Says where it is.</summary>
public interface ISilosNameGrain : IGrainWithStringKey
{
    Task<string> Silo();
}

public sealed class SilosNameGrain(global::Orleans.Runtime.ILocalSiloDetails silo) : Grain, ISilosNameGrain
{
    public Task<string> Silo() => Task.FromResult(silo.Name);
}
