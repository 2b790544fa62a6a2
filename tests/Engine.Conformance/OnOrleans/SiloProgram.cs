using System.Globalization;
using KVCluster.Engine.Hosting;

namespace KVCluster.Engine.Conformance.OnOrleans;

/// <summary>Runs one silo until standard input ends, as <see cref="SiloProcess"/> starts it.</summary>
internal static class SiloProgram
{
    public const string Ready = "silo ready";

    public static string[] Arguments(OrleansClusterOptions o, ConformanceSettings s) =>
    [
        o.Redis, o.ClusterId, o.SiloName!, Text(o.SiloPort), Text(o.GatewayPort),
        Text(s.ResponseTimeout.Ticks), Text(s.CollectionAge.Ticks), Text(s.CollectionQuantum.Ticks),
    ];

    public static async Task<int> Main(string[] args)
    {
        if (args is not [var redis, var cluster, var name, var port, var gateway, var timeout, var age, var quantum])
        {
            await Console.Error.WriteLineAsync("usage: REDIS CLUSTER NAME PORT GATEWAY RESPONSE-TIMEOUT COLLECTION-AGE COLLECTION-QUANTUM");
            return 2;
        }

        await using OrleansSilo silo = await OrleansSilo.StartAsync(
            new OrleansClusterOptions
            {
                Redis = redis,
                ClusterId = cluster,
                SiloName = name,
                SiloPort = (int)Number(port),
                GatewayPort = (int)Number(gateway),
                Storages = [ConformanceSilo.Storage],
                Metadata = new Dictionary<string, string> { [ConformanceSilo.NameMetadata] = name },
            },
            new ConformanceSettings
            {
                ResponseTimeout = TimeSpan.FromTicks(Number(timeout)),
                CollectionAge = TimeSpan.FromTicks(Number(age)),
                CollectionQuantum = TimeSpan.FromTicks(Number(quantum)),
            });
        await Console.Out.WriteLineAsync(Ready);
        await Console.In.ReadToEndAsync();
        return 0;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
