using System.Net;
using StackExchange.Redis;

namespace KVCluster.Engine.Hosting;

/// <summary>Which Orleans cluster a silo or a client joins, and where it listens.</summary>
public sealed class OrleansClusterOptions
{
    /// <summary>
    /// The Redis that holds the cluster's members, its grain directory and its grain states, as a StackExchange.Redis connection string
    /// (<c>host:port,password=...,ssl=true</c>).
    /// </summary>
    public required string Redis { get; init; }

    /// <summary>The cluster's name: silos of one name find each other. Redis keys <c>{ServiceId}/members/{ClusterId}</c>.</summary>
    public string ClusterId { get; init; } = "kvcluster";

    /// <summary>The service's name. It stays over the cluster's lives: Redis keys of states begin with it (<c>{ServiceId}/state/</c>).</summary>
    public string ServiceId { get; init; } = "kvcluster";

    /// <summary>The names that grains' persistent states give their storage; all are kept in <see cref="Redis"/>.</summary>
    public IReadOnlyList<string> Storages { get; init; } = [];

    /// <summary>The silo's name, unique in the cluster; the host's name and port when null.</summary>
    public string? SiloName { get; init; }

    /// <summary>The address that the silo publishes, and listens on unless <see cref="ListenOnAnyAddress"/>.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>Whether the silo listens on every interface, as a container must whose published address is not its own.</summary>
    public bool ListenOnAnyAddress { get; init; }

    /// <summary>The port for silos.</summary>
    public int SiloPort { get; init; } = 11111;

    /// <summary>The port for clients; 0 takes none.</summary>
    public int GatewayPort { get; init; } = 30000;

    /// <summary>What the silo says of itself to placement; it does not change while the silo runs.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>How fast a silent silo is declared dead.</summary>
    public FailureDetection FailureDetection { get; init; } = new();

    /// <summary>Reads <see cref="Redis"/>.</summary>
    /// <exception cref="ArgumentException">It is not a connection string, or names no server.</exception>
    internal ConfigurationOptions ParseRedis()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(Redis);
        ConfigurationOptions parsed;
        try
        {
            parsed = ConfigurationOptions.Parse(Redis);
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            throw new ArgumentException($"The Redis connection string cannot be read: {e.Message}", e);
        }

        return parsed.EndPoints.Count > 0 ? parsed : throw new ArgumentException("The Redis connection string names no server.");
    }
}
