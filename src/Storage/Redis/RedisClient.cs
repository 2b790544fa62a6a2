using System.Collections.Concurrent;
using KVCluster.Storage.Redis.Cluster;
using KVCluster.Storage.Redis.Connections;
using KVCluster.Storage.Redis.Protocol;

namespace KVCluster.Storage.Redis;

/// <summary>
/// A client of one server, or of a cluster (which it notices by the first redirection). Calls from any number of threads share its
/// connections; values go between the caller's memory and the sockets. It connects when first called and again whenever it must.
/// </summary>
public sealed class RedisClient : IAsyncDisposable
{
    private const int MaxRedirections = 8;

    private readonly ConcurrentDictionary<RedisEndpoint, RedisNode> _nodes = new();
    private readonly TimeProvider _time;
    private readonly ByteGate _gate;
    private readonly TimeSpan _tryAgain = TimeSpan.FromMilliseconds(20);
    private SlotMap? _slots;
    private int _refreshing;
    private volatile bool _closed;

    /// <summary>A client; nothing is connected yet.</summary>
    public RedisClient(RedisOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfZero(options.Endpoints.Count, nameof(options));
        Options = options;
        _time = time ?? TimeProvider.System;
        _gate = new ByteGate(options.BytesInFlight);
    }

    /// <summary>How it reaches the server.</summary>
    public RedisOptions Options { get; }

    /// <summary>Bytes of values on their way.</summary>
    public long BytesInFlight => _gate.Inside;

    /// <summary>Whether the server is one of a cluster, as far as known.</summary>
    public bool IsCluster => Volatile.Read(ref _slots) is not null;

    /// <summary>Makes a call and returns its answer.</summary>
    /// <exception cref="RedisServerException">The server answered with an error.</exception>
    /// <exception cref="RedisUnavailableException">It could not be asked, or did not answer in time.</exception>
    /// <exception cref="OperationCanceledException">Cancelled. The command may have been carried out all the same.</exception>
    public async Task<RespValue> ExecuteAsync(RedisCommand command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        int slot = command.KeyIndex > 0 && IsCluster ? SlotOf(command) : -1;
        RedisNode node = NodeFor(slot);
        bool asking = false;
        long start = _time.GetTimestamp();
        for (int redirections = 0; ;)
        {
            RespValue reply = await AttemptAsync(node, command, asking, cancellationToken).ConfigureAwait(false);
            if (reply.Kind != RespKind.Error)
            {
                return reply;
            }

            string error = reply.Text;
            if (Redirection.TryParse(error, node.Endpoint, out Redirection redirection) && redirections++ < MaxRedirections)
            {
                asking = redirection.IsAsk;
                node = Node(redirection.Target);
                Learn(redirection);
                continue;
            }

            // A slot half way between two nodes, or a cluster between two masters: soon over, or a fault.
            bool passing = error.StartsWith("TRYAGAIN", StringComparison.Ordinal)
                || error.StartsWith("CLUSTERDOWN", StringComparison.Ordinal);
            if (!passing || _time.GetElapsedTime(start) >= Options.CallTimeout)
            {
                throw new RedisServerException(node.Endpoint.ToString(), error);
            }

            await Task.Delay(_tryAgain, _time, cancellationToken).ConfigureAwait(false);
            node = NodeFor(command.KeyIndex > 0 ? SlotOf(command) : -1);
            asking = false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _closed = true;
        foreach (RedisNode node in _nodes.Values)
        {
            await node.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static int SlotOf(RedisCommand command)
    {
        RedisArgument key = command[command.KeyIndex];
        return key.Count == 1 ? HashSlot.Of(key[0].Span) : throw new ArgumentException("a key is one piece of memory", nameof(command));
    }

    /// <summary>One try on one node. A connection found dead before anything was sent costs nothing but another one.</summary>
    private async Task<RespValue> AttemptAsync(RedisNode node, RedisCommand command, bool asking, CancellationToken cancellationToken)
    {
        for (bool again = false; ; again = true)
        {
            try
            {
                RespValue reply = await CallAsync(node, command, asking, cancellationToken).ConfigureAwait(false);
                node.Answered();
                return reply;
            }
            catch (RedisUnavailableException error)
            {
                if (IsCluster)
                {
                    Refresh();
                }

                if (!error.NotSent || again || node.IsPaused)
                {
                    throw;
                }
            }
        }
    }

    private async Task<RespValue> CallAsync(RedisNode node, RedisCommand command, bool asking, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        long bytes = command.Bytes;
        await _gate.EnterAsync(bytes, cancellationToken).ConfigureAwait(false);
        RedisConnection connection;
        try
        {
            connection = await node.ConnectionAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            _gate.Exit(bytes);
            throw;
        }

        connection.AddBytes(bytes);
        TimeSpan allowed = Options.CallTimeout + TimeSpan.FromSeconds((double)connection.BytesInFlight / Options.MinimumBytesPerSecond);
        ITimer overdue = _time.CreateTimer(_ => Overdue(node, connection, allowed), null, allowed, Timeout.InfiniteTimeSpan);
        var reply = new PendingReply(command.Destination, command.DestinationBytes, () =>
        {
            overdue.Dispose();
            connection.AddBytes(-bytes);
            _gate.Exit(bytes);
        });
        try
        {
            await connection.SendAsync(command, reply, asking, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            reply.Fail(error);
        }

        using CancellationTokenRegistration registration =
            cancellationToken.UnsafeRegister(static r => ((PendingReply)r!).Abandon(), reply);
        try
        {
            return await reply.Task.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    /// <summary>
    /// A silent server is as good as none: the connection is given up, with every call on it, and the server left alone for a while.
    /// </summary>
    private static void Overdue(RedisNode node, RedisConnection connection, TimeSpan allowed)
    {
        var reason = new RedisUnavailableException($"Redis at {node.Endpoint} did not answer within {allowed.TotalSeconds:0.###} s");
        node.Failed(reason);
        connection.Abort(reason);
    }

    private RedisNode Node(RedisEndpoint endpoint) => _nodes.GetOrAdd(endpoint, e => new RedisNode(e, Options, _time));

    /// <summary>The slot's node; without one, the first server given that has not just failed.</summary>
    private RedisNode NodeFor(int slot)
    {
        if (slot >= 0 && Volatile.Read(ref _slots)?[slot] is { } known)
        {
            return Node(known);
        }

        foreach (RedisEndpoint endpoint in Options.Endpoints)
        {
            if (!Node(endpoint).IsPaused)
            {
                return Node(endpoint);
            }
        }

        return Node(Options.Endpoints[0]);
    }

    private void Learn(Redirection redirection)
    {
        if (redirection.IsAsk)
        {
            return;
        }

        SlotMap? before;
        SlotMap after;
        do
        {
            before = Volatile.Read(ref _slots);
            after = (before ?? SlotMap.Empty).With(redirection.Slot, redirection.Target);
        }
        while (Interlocked.CompareExchange(ref _slots, after, before) != before);

        // Where one slot has moved, others have: the whole map is asked for beside the call.
        Refresh();
    }

    /// <summary>Asks for the whole map of slots, one asking at a time; what cannot be learned comes with later redirections.</summary>
    private void Refresh()
    {
        if (Interlocked.Exchange(ref _refreshing, 1) == 0)
        {
            _ = Task.Run(RefreshAsync);
        }
    }

    private async Task RefreshAsync()
    {
        try
        {
            IEnumerable<RedisEndpoint> known = (Volatile.Read(ref _slots) ?? SlotMap.Empty).Nodes.Concat(Options.Endpoints).Distinct();
            foreach (RedisNode node in known.Select(Node).Where(n => !n.IsPaused))
            {
                if (await TryReadSlotsAsync(node).ConfigureAwait(false) is { } slots)
                {
                    Volatile.Write(ref _slots, slots);
                    return;
                }
            }
        }
        finally
        {
            Volatile.Write(ref _refreshing, 0);
        }
    }

    /// <summary>A node's view of the slots; null where it does not tell: the map stays as it is, and redirections correct it.</summary>
    private async Task<SlotMap?> TryReadSlotsAsync(RedisNode node)
    {
        try
        {
            var command = new RedisCommand("CLUSTER", "SLOTS") { KeyIndex = 0 };
            RespValue reply = await CallAsync(node, command, asking: false, CancellationToken.None).ConfigureAwait(false);
            return reply.Kind == RespKind.Items ? SlotMap.Read(reply, node.Endpoint) : null;
        }
        catch (Exception error) when (error is RedisException or ObjectDisposedException)
        {
            return null;
        }
    }
}
