namespace KVCluster.Storage.Redis;

/// <summary>A call to Redis failed. Messages name hosts, ports and commands; never keys' values, user names or passwords.</summary>
public class RedisException : Exception
{
    /// <summary>An error with a message for an operator.</summary>
    public RedisException(string message)
        : base(message)
    {
    }

    /// <summary>An error with a message for an operator and what caused it.</summary>
    public RedisException(string message, Exception? inner)
        : base(message, inner)
    {
    }
}

/// <summary>
/// The server could not be asked, or did not answer in time: no connection, refused credentials, a broken or silent one. A command that
/// writes may or may not have been carried out, unless <see cref="NotSent"/>.
/// </summary>
public sealed class RedisUnavailableException(string message, Exception? inner = null) : RedisException(message, inner)
{
    /// <summary>Whether the server certainly never saw the command.</summary>
    public bool NotSent { get; init; }
}

/// <summary>The server answered with an error. The command was not carried out.</summary>
public sealed class RedisServerException : RedisException
{
    /// <summary>An error reply: its first word is the code.</summary>
    internal RedisServerException(string endpoint, string reply)
        : base($"Redis at {endpoint} answered: {reply}")
    {
        Reply = reply;
        int space = reply.IndexOf(' ', StringComparison.Ordinal);
        Code = space < 0 ? reply : reply[..space];
    }

    /// <summary>The reply's first word: ERR, OOM, NOSCRIPT, READONLY, MOVED, ...</summary>
    public string Code { get; }

    /// <summary>Whether the server refused for want of memory; older servers say so within a script's error.</summary>
    public bool IsOutOfMemory => Code == "OOM" || Reply.Contains("-OOM ", StringComparison.Ordinal);

    /// <summary>The whole error as the server wrote it.</summary>
    internal string Reply { get; }
}
