using System.Globalization;
using KVCluster.Engine.Hosting;

namespace KVCluster.Engine.Conformance.OnOrleans;

/// <summary>Runs one silo until standard input ends, as <see cref="SiloProcess"/> starts it.</summary>
internal static class SiloProgram
{
    public const string Ready = "silo ready";

    private const string Verb = "silo";

    public static string[] Arguments(OrleansClusterOptions o) =>
    [
        Verb, o.Redis, o.ClusterId, o.SiloName!, o.SiloPort.ToString(CultureInfo.InvariantCulture), o.GatewayPort.ToString(CultureInfo.InvariantCulture),
        .. o.Storages,
    ];

    public static async Task<int> Main(string[] args)
    {
        if (args is not [Verb, var redis, var cluster, var name, var port, var gateway, .. var storages])
        {
            await Console.Error.WriteLineAsync("usage: silo REDIS CLUSTER NAME PORT GATEWAY [STORAGE...]");
            return 2;
        }

        await using OrleansSilo silo = await OrleansSilo.StartAsync(
            new OrleansClusterOptions
            {
                Redis = redis,
                ClusterId = cluster,
                SiloName = name,
                SiloPort = int.Parse(port, CultureInfo.InvariantCulture),
                GatewayPort = int.Parse(gateway, CultureInfo.InvariantCulture),
                Storages = storages,
            },
            configure: null);
        await Console.Out.WriteLineAsync(Ready);
        await Console.In.ReadToEndAsync();
        return 0;
    }
}
