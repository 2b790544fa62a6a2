using KVCluster.Storage.Redis.Protocol;

namespace KVCluster.Storage.Redis.Connections;

/// <summary>The first words on a connection: RESP3 and credentials in one command where the server knows it, RESP2's otherwise.</summary>
internal static class RedisHandshake
{
    private const string ClientName = "kvcluster";

    /// <summary>Makes the connection ready for calls.</summary>
    /// <exception cref="RedisUnavailableException">The credentials are refused, or asked for and not given.</exception>
    public static async Task RunAsync(RedisConnection connection, RedisOptions options, CancellationToken cancellationToken)
    {
        RespValue hello = await CallAsync(connection, Hello(options), cancellationToken).ConfigureAwait(false);
        if (hello.Kind == RespKind.Error)
        {
            ThrowIfRefused(connection, hello);

            // An older server, or a user who may not say HELLO: RESP2.
            if (options.Password is not null)
            {
                RespValue reply = await CallAsync(connection, Authenticate(options), cancellationToken).ConfigureAwait(false);
                if (reply.Kind == RespKind.Error)
                {
                    ThrowIfRefused(connection, reply);
                    throw Refused(connection, "the credentials");
                }
            }
        }

        if (options.Database != 0)
        {
            var select = new RedisCommand("SELECT", options.Database);
            RespValue reply = await CallAsync(connection, select, cancellationToken).ConfigureAwait(false);
            if (reply.Kind == RespKind.Error)
            {
                ThrowIfRefused(connection, reply);
                throw Refused(connection, $"database {options.Database}");
            }
        }
    }

    private static RedisCommand Hello(RedisOptions options) => options.Password is null
        ? new RedisCommand("HELLO", 3, "SETNAME", ClientName)
        : new RedisCommand("HELLO", 3, "AUTH", options.User ?? "default", options.Password, "SETNAME", ClientName);

    private static RedisCommand Authenticate(RedisOptions options) => options.User is null
        ? new RedisCommand("AUTH", options.Password!)
        : new RedisCommand("AUTH", options.User, options.Password!);

    private static void ThrowIfRefused(RedisConnection connection, RespValue error)
    {
        string text = error.Text;
        if (text.StartsWith("WRONGPASS", StringComparison.Ordinal))
        {
            throw Refused(connection, "the user name or the password");
        }

        // It closes the connection next: taken for an older server's word on HELLO it would be a connection, and a new one for every call.
        if (text.StartsWith("ERR max number of clients", StringComparison.Ordinal))
        {
            throw new RedisUnavailableException($"Redis at {connection.Endpoint} takes no more clients") { NotSent = true };
        }

        if (text.StartsWith("NOAUTH", StringComparison.Ordinal))
        {
            throw new RedisUnavailableException($"Redis at {connection.Endpoint} asks for a password") { NotSent = true };
        }
    }

    private static RedisUnavailableException Refused(RedisConnection connection, string what) =>
        new($"Redis at {connection.Endpoint} refused {what}") { NotSent = true };

    private static async Task<RespValue> CallAsync(RedisConnection connection, RedisCommand command, CancellationToken cancellationToken)
    {
        var reply = new PendingReply(null, 0, null);
        await connection.SendAsync(command, reply, asking: false, cancellationToken).ConfigureAwait(false);
        return await reply.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }
}
