namespace KVCluster.Storage.Redis;

/// <summary>
/// How to reach a server, or a cluster by any of its nodes. <see cref="Parse"/> reads it from a connection string. Printing it shows no
/// secret.
/// </summary>
public sealed record RedisOptions
{
    /// <summary>Servers to begin with: one, or several nodes of one cluster.</summary>
    public required IReadOnlyList<RedisEndpoint> Endpoints { get; init; }

    /// <summary>User of the server's access list; null is its default user.</summary>
    public string? User { get; init; }

    /// <summary>Password; null where none is asked for.</summary>
    public string? Password { get; init; }

    /// <summary>Number of the database; a cluster has only 0.</summary>
    public int Database { get; init; }

    /// <summary>TLS, or null for plain text.</summary>
    public RedisTlsOptions? Tls { get; init; }

    /// <summary>Connections to each server. Each carries any number of calls at once.</summary>
    public int Connections { get; init; } = 2;

    /// <summary>Bytes of values, sent or asked for, that may be on their way at once; further calls wait.</summary>
    public long BytesInFlight { get; init; } = 32 << 20;

    /// <summary>Time for a connection to stand, credentials accepted.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Time for an answer, beside what the bytes ahead of it need at <see cref="MinimumBytesPerSecond"/>.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The slowest transfer that is waited for.</summary>
    public long MinimumBytesPerSecond { get; init; } = 16 << 20;

    /// <summary>Wait after a first failed connection; each further failure doubles it. Calls fail at once meanwhile.</summary>
    public TimeSpan BackoffFirst { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest wait between attempts.</summary>
    public TimeSpan BackoffLast { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Reads a connection string; see docs/redis.md.</summary>
    /// <exception cref="Inference.InputException">It is malformed. The message shows none of it but the name of a setting.</exception>
    public static RedisOptions Parse(string text) => RedisConnectionString.Parse(text);

    /// <summary>Hosts, database and whether TLS is used.</summary>
    public override string ToString() =>
        $"{(Tls is null ? "redis" : "rediss")}://{string.Join(',', Endpoints)}{(Database == 0 ? "" : $"/{Database}")}";
}

/// <summary>How the server proves who it is, and this client to it.</summary>
public sealed record RedisTlsOptions
{
    /// <summary>Name the server's certificate must bear; null is the host connected to.</summary>
    public string? ServerName { get; init; }

    /// <summary>PEM file of the authorities that may have signed it; null trusts the system's.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>PEM file of this client's certificate, where the server asks for one.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM file of its key; null where the certificate's file holds it.</summary>
    public string? KeyFile { get; init; }
}
