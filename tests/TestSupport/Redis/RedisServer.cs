using System.Diagnostics;

namespace KVCluster.TestSupport.Redis;

/// <summary>A real server of a test's own: on a free loopback port, with a scratch folder, killed at the end.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);

    private readonly string[] _settings;
    private Process? _process;

    private RedisServer(int port, string[] settings)
    {
        Port = port;
        _settings = settings;
        Folder = Directory.CreateTempSubdirectory("kvcluster-redis-").FullName;
    }

    public int Port { get; }

    public string Folder { get; }

    public string Address => $"127.0.0.1:{Port}";

    /// <summary>Starts one that keeps nothing on disk, with these settings besides; "{port}" in them is its port.</summary>
    public static async Task<RedisServer> StartAsync(params string[] settings)
    {
        for (int attempt = 0; ; attempt++)
        {
            var server = new RedisServer(LoopbackPorts.Free(), settings);
            try
            {
                await server.RunAsync();
                return server;
            }
            catch (InvalidOperationException) when (attempt < 3)
            {
                // Another process may have taken the port meanwhile.
                await server.DisposeAsync();
            }
        }
    }

    /// <summary>Ends it as a crash would.</summary>
    public void Kill()
    {
        _process?.Kill();
        _process?.WaitForExit();
        _process?.Dispose();
        _process = null;
    }

    /// <summary>Starts it again on the same port: empty, since it keeps nothing on disk.</summary>
    public Task RestartAsync() => RunAsync();

    public async ValueTask DisposeAsync()
    {
        Kill();
        Directory.Delete(Folder, recursive: true);
        await ValueTask.CompletedTask;
    }

    private async Task RunAsync()
    {
        string[] defaults =
        [
            "--port", Port.ToString(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", Folder, "--logfile", "",
            "--enable-debug-command", "yes", "--loglevel", "notice",
        ];
        var start = new ProcessStartInfo(RedisProgram.Name, [.. defaults, .. _settings.Select(s => s.Replace("{port}", $"{Port}"))])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        List<string> log = [];
        process.OutputDataReceived += (_, line) =>
        {
            lock (log)
            {
                log.Add(line.Data ?? "");
            }

            if (line.Data?.Contains("Ready to accept connections", StringComparison.Ordinal) == true)
            {
                ready.TrySetResult();
            }
        };
        process.Exited += (_, _) => ready.TrySetException(new InvalidOperationException("redis-server ended at once"));
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _process = process;
        try
        {
            await ready.Task.WaitAsync(StartLimit);
        }
        catch (InvalidOperationException error)
        {
            lock (log)
            {
                throw new InvalidOperationException($"{error.Message}: {string.Join('\n', log)}", error);
            }
        }
    }
}
