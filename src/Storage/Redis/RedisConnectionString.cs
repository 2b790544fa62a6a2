using System.Globalization;
using KVCluster.Inference;

namespace KVCluster.Storage.Redis;

/// <summary>
/// Reads <c>redis://user:password@host:port,host:port/database?name=value</c> (<c>rediss</c> for TLS) and plain <c>host:port</c>. Errors
/// show nothing of what stands before the last @, since a password may be there.
/// </summary>
internal static class RedisConnectionString
{
    public static RedisOptions Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string rest = text.Trim();
        bool tls = false;
        int scheme = rest.IndexOf("://", StringComparison.Ordinal);
        if (scheme >= 0)
        {
            tls = rest[..scheme] switch
            {
                "redis" => false,
                "rediss" => true,
                _ => throw Fault("it must begin with redis:// or rediss://, or be host:port"),
            };
            rest = rest[(scheme + 3)..];
        }

        string query = Cut(ref rest, '?');
        if (query.Contains('@', StringComparison.Ordinal))
        {
            throw Fault("an @ behind a '?': in a password write them %40 and %3F");
        }

        int at = rest.LastIndexOf('@');
        string credentials = at < 0 ? "" : rest[..at];
        rest = rest[(at + 1)..];
        string database = Cut(ref rest, '/');
        var options = new RedisOptions
        {
            Endpoints = Endpoints(rest),
            Database = database.Length == 0 ? 0 : Number("database", database, 0, 1 << 20),
            Tls = tls ? new RedisTlsOptions() : null,
        };
        options = WithCredentials(options, credentials);
        foreach (string setting in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string name = setting;
            string value = Cut(ref name, '=');
            options = WithSetting(options, name, Unescape(value));
        }

        return options;
    }

    private static RedisOptions WithCredentials(RedisOptions options, string credentials)
    {
        if (credentials.Length == 0)
        {
            return options;
        }

        string user = credentials;
        string password = Cut(ref user, ':');
        return password.Length == 0
            ? throw Fault("it names a user without a password (user:password@host, or :password@host)")
            : options with { User = user.Length == 0 ? null : Unescape(user), Password = Unescape(password) };
    }

    private static RedisOptions WithSetting(RedisOptions options, string name, string value) => name switch
    {
        "connections" => options with { Connections = Number(name, value, 1, 64) },
        "bytes_in_flight" => options with { BytesInFlight = Number(name, value, 1, int.MaxValue) },
        "minimum_bytes_per_second" => options with { MinimumBytesPerSecond = Number(name, value, 1, int.MaxValue) },
        "connect_timeout" => options with { ConnectTimeout = Seconds(name, value) },
        "timeout" => options with { CallTimeout = Seconds(name, value) },
        "tls_name" => options with { Tls = Tls(options, name) with { ServerName = value } },
        "tls_ca" => options with { Tls = Tls(options, name) with { AuthorityFile = value } },
        "tls_cert" => options with { Tls = Tls(options, name) with { CertificateFile = value } },
        "tls_key" => options with { Tls = Tls(options, name) with { KeyFile = value } },
        _ => throw Fault($"unknown setting '{name}'; there are connections, bytes_in_flight, minimum_bytes_per_second, "
            + "connect_timeout, timeout, tls_name, tls_ca, tls_cert and tls_key"),
    };

    private static RedisTlsOptions Tls(RedisOptions options, string name) =>
        options.Tls ?? throw Fault($"'{name}' needs rediss://");

    private static List<RedisEndpoint> Endpoints(string list)
    {
        var endpoints = new List<RedisEndpoint>();
        foreach (string part in list.Split(','))
        {
            endpoints.Add(RedisEndpoint.TryParse(part.Trim(), out RedisEndpoint endpoint)
                ? endpoint
                : throw Fault("a host is missing or malformed (host:port, port 1 to 65535)"));
        }

        return endpoints;
    }

    private static int Number(string name, string value, int least, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : throw Fault($"'{name}' must be a whole number from {least} to {most}");

    private static TimeSpan Seconds(string name, string value) =>
        double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds)
            && seconds is >= 0.001 and <= 3600
            ? TimeSpan.FromSeconds(seconds)
            : throw Fault($"'{name}' must be a number of seconds from 0.001 to 3600");

    private static string Unescape(string text) => Uri.UnescapeDataString(text);

    /// <summary>Leaves what stands before the first such character and returns what stands behind it.</summary>
    private static string Cut(ref string text, char separator)
    {
        int index = text.IndexOf(separator, StringComparison.Ordinal);
        if (index < 0)
        {
            return "";
        }

        string tail = text[(index + 1)..];
        text = text[..index];
        return tail;
    }

    private static InputException Fault(string fault) => new($"the Redis connection string cannot be used: {fault}");
}
