using System.Net;
using System.Net.Sockets;

namespace KVCluster.Storage.Tests.Redis.Support;

/// <summary>
/// Stands between a client and a server and does what networks do: goes silent, cuts a connection in the middle of a value, answers byte by
/// byte.
/// </summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private readonly CancellationTokenSource _closing = new();
    private readonly List<Task> _tasks = [];
    private readonly List<Socket> _sockets = [];
    private readonly Task _accepting;
    private volatile TaskCompletionSource? _silence;
    private long _cutAfter = long.MaxValue;
    private long _fromClient;
    private int _connections;

    public FaultProxy(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Address => $"127.0.0.1:{Port}";

    /// <summary>Connections taken so far.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Bytes a piece of the server's answers is cut into.</summary>
    public int AnswerPiece { get; set; } = 64 * 1024;

    /// <summary>Stops passing anything on, without closing anything: a slow server, or a half-open connection.</summary>
    public void GoSilent() => _silence ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Passes on again.</summary>
    public void Speak()
    {
        TaskCompletionSource? silence = _silence;
        _silence = null;
        silence?.SetResult();
    }

    /// <summary>Resets the connection that carries the client's byte of this number, counted from now.</summary>
    public void ResetAfter(long bytes) => Volatile.Write(ref _cutAfter, Interlocked.Read(ref _fromClient) + bytes);

    /// <summary>Resets every connection there is.</summary>
    public void ResetAll()
    {
        lock (_sockets)
        {
            foreach (Socket socket in _sockets)
            {
                Reset(socket);
            }

            _sockets.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Stop();
        Speak();
        ResetAll();
        await _accepting;
        Task[] tasks;
        lock (_tasks)
        {
            tasks = [.. _tasks];
        }

        await Task.WhenAll(tasks).WaitAsync(TimeSpan.FromSeconds(10));
        _closing.Dispose();
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
            socket.Close();
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Closed by the other side already.
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptSocketAsync(_closing.Token);
                var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                client.NoDelay = true;
                try
                {
                    await server.ConnectAsync(IPAddress.Loopback, _target, _closing.Token);
                }
                catch (SocketException)
                {
                    Reset(client);
                    continue;
                }

                Interlocked.Increment(ref _connections);
                lock (_sockets)
                {
                    _sockets.AddRange([client, server]);
                }

                lock (_tasks)
                {
                    _tasks.Add(PumpAsync(client, server, fromClient: true));
                    _tasks.Add(PumpAsync(server, client, fromClient: false));
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool fromClient)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (true)
            {
                int count = await from.ReceiveAsync(buffer.AsMemory(0, fromClient ? buffer.Length : AnswerPiece));
                if (count == 0)
                {
                    break;
                }

                if (fromClient && Interlocked.Add(ref _fromClient, count) > Volatile.Read(ref _cutAfter))
                {
                    Volatile.Write(ref _cutAfter, long.MaxValue);
                    break;
                }

                while (_silence is { } silence)
                {
                    await silence.Task;
                }

                for (int sent = 0; sent < count;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent));
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // One side is gone: so is the other.
        }

        Reset(from);
        Reset(to);
    }
}
