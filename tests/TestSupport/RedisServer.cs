using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace KVCluster.TestSupport;

/// <summary>A redis-server process on a free loopback port, without files, ended by <see cref="DisposeAsync"/>.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly Process _process;
    private readonly DirectoryInfo _folder;

    private RedisServer(Process process, DirectoryInfo folder, int port)
    {
        _process = process;
        _folder = folder;
        Port = port;
    }

    public int Port { get; }

    /// <summary>The server as a connection string: host:port.</summary>
    public string Endpoint => $"127.0.0.1:{Port}";

    /// <summary>Starts a server and waits until it answers.</summary>
    public static async Task<RedisServer> StartAsync()
    {
        for (int attempt = 0; ; attempt++)
        {
            int port = LoopbackPorts.Free();
            DirectoryInfo folder = Directory.CreateTempSubdirectory("kvcluster-redis-");
            ProcessStartInfo start = new("redis-server")
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            foreach (string argument in (string[])["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder.FullName])
            {
                start.ArgumentList.Add(argument);
            }

            Process process = Process.Start(start) ?? throw new InvalidOperationException("redis-server did not start");
            process.OutputDataReceived += static (_, _) => { };
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            RedisServer server = new(process, folder, port);
            if (await server.AnswersAsync())
            {
                return server;
            }

            // Another process took the port in between.
            await server.DisposeAsync();
            if (attempt == 3)
            {
                throw new InvalidOperationException("redis-server ended at once, four times");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync().WaitAsync(Deadline);
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task<bool> AnswersAsync()
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (!_process.HasExited)
        {
            try
            {
                using TcpClient client = new();
                await client.ConnectAsync(IPAddress.Loopback, Port).WaitAsync(Deadline);
                await using NetworkStream stream = client.GetStream();
                await stream.WriteAsync("PING\r\n"u8.ToArray());
                byte[] answer = new byte[5];
                await stream.ReadExactlyAsync(answer).AsTask().WaitAsync(Deadline);
                return !_process.HasExited && answer.AsSpan().SequenceEqual("+PONG"u8);
            }
            catch (Exception e) when (e is SocketException or IOException && waited.Elapsed < Deadline)
            {
                await Task.Delay(20);
            }
        }

        return false;
    }
}
