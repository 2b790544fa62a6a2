using System.Globalization;
using KVCluster.Engine.Hosting;

namespace KVCluster.Engine.Conformance.Cluster;

/// <summary>Runs one silo until standard input ends, as <see cref="SiloProcess"/> starts it.</summary>
internal static class SiloProgram
{
    /// <summary>What the line begins with that says the silo's address.</summary>
    public const string Ready = "silo ready at ";

    public static string[] Arguments(OrleansClusterOptions cluster, ConformanceOptions options) =>
        [cluster.Redis, cluster.SiloName!, Text(cluster.SiloPort), Text(cluster.GatewayPort), Text(options.ResponseTimeout.Ticks), Text(options.CollectionAge.Ticks)];

    public static async Task<int> Main(string[] args)
    {
        if (args is not [var redis, var name, var port, var gateway, var timeout, var age])
        {
            await Console.Error.WriteLineAsync("usage: REDIS NAME PORT GATEWAY-PORT RESPONSE-TIMEOUT COLLECTION-AGE");
            return 2;
        }

        ConformanceOptions options = new()
        {
            ResponseTimeout = TimeSpan.FromTicks(Number(timeout)),
            CollectionAge = TimeSpan.FromTicks(Number(age)),
        };
        PipedStage stage = new();
        OrleansClusterOptions cluster = SiloSetup.Options(redis, name, (int)Number(port), (int)Number(gateway));
        await using OrleansSilo silo = await OrleansSilo.StartAsync(cluster, options, stage);
        await Console.Out.WriteLineAsync(Ready + silo.Description.Address.ToParsableString());
        await stage.OpenAsToldAsync();
        return 0;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
