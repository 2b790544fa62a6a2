namespace KVCluster.Storage.Redis;

/// <summary>A command with its arguments, and where its answer goes.</summary>
public sealed class RedisCommand
{
    private readonly RedisArgument[] _arguments;

    /// <summary>A command: its name, then its arguments.</summary>
    public RedisCommand(params ReadOnlySpan<RedisArgument> arguments)
    {
        if (arguments.IsEmpty)
        {
            throw new ArgumentException("a command has a name", nameof(arguments));
        }

        _arguments = arguments.ToArray();
    }

    /// <summary>Which argument is the key that decides the node of a cluster; 0 where any node will do.</summary>
    public int KeyIndex { get; init; } = 1;

    /// <summary>
    /// Memory for the one string that is the answer, filled in order; its total must be the string's length, else nothing is kept of it.
    /// Null gives the answer as a <see cref="RespValue"/>. Until the call returns, by result or exception, the memory may be written.
    /// </summary>
    public IReadOnlyList<Memory<byte>>? Destination { get; init; }

    /// <summary>The arguments.</summary>
    internal ReadOnlySpan<RedisArgument> Arguments => _arguments;

    /// <summary>How many there are.</summary>
    internal int Count => _arguments.Length;

    /// <summary>Name and arguments, one of them.</summary>
    internal RedisArgument this[int index] => _arguments[index];

    /// <summary>Bytes of the values of the command and of the answer it has memory for.</summary>
    internal long Bytes
    {
        get
        {
            long bytes = DestinationBytes;
            foreach (RedisArgument argument in _arguments)
            {
                bytes += argument.Length;
            }

            return bytes;
        }
    }

    /// <summary>Bytes of memory for the answer.</summary>
    internal long DestinationBytes
    {
        get
        {
            long bytes = 0;
            for (int i = 0; Destination is not null && i < Destination.Count; i++)
            {
                bytes += Destination[i].Length;
            }

            return bytes;
        }
    }
}
