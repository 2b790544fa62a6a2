using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using KVCluster.TestSupport;

namespace KVCluster.K8s.Tests.Processes;

/// <summary>A real <c>kvcluster serve</c> with the bundled model on a loopback port. Killed at the end if it still runs.</summary>
internal sealed partial class ServeProcess : IAsyncDisposable
{
    public const int Terminate = 15;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private int _disposed;
    private readonly List<string> _log = [];
    private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServeProcess(string name, Uri address, Process process)
    {
        Name = name;
        Address = address;
        _process = process;
    }

    public string Name { get; }

    public Uri Address { get; }

    public string Log
    {
        get
        {
            lock (_log)
            {
                return string.Join('\n', _log);
            }
        }
    }

    /// <summary>Starts one and waits until it serves.</summary>
    /// <param name="name">The node's name.</param>
    /// <param name="settings">Settings as KEY=VALUE.</param>
    /// <param name="port">Where it listens; 0: on a free port.</param>
    /// <param name="build">The folder of another build's program; null: this one.</param>
    public static async Task<ServeProcess> StartAsync(string name, IEnumerable<string> settings, int port = 0, string? build = null)
    {
        var address = new Uri($"http://127.0.0.1:{(port > 0 ? port : LoopbackPorts.Free())}");
        string[] all =
        [
            $"Listen:Url={address}", $"Node:Name={name}", $"Model:ArenaBytes={8 << 20}", "Model:Threads=1", "Cold:IdleSaveSeconds=1", .. settings,
        ];
        string program = Path.Combine(build ?? AppContext.BaseDirectory, "kvcluster.dll");
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [program, "serve", .. all.SelectMany(setting => (string[])["--set", setting])])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        var serve = new ServeProcess(name, address, new Process { StartInfo = start, EnableRaisingEvents = true });
        serve.Run();
        try
        {
            await serve._listening.Task.WaitAsync(Patience);
            return serve;
        }
        catch (Exception error)
        {
            await serve.DisposeAsync();
            throw new InvalidOperationException($"{name} did not start: {serve.Log}", error);
        }
    }

    public void Signal(int number) => Assert.Equal(0, Kill(_process.Id, number));

    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Its exit code once it has ended.</summary>
    public async Task<int> EndedAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Patience);
        return _process.ExitCode;
    }

    /// <summary>A number that the line about its drain tells.</summary>
    public double Drained(string pattern)
    {
        Match line = Regex.Match(Log, pattern);
        Assert.True(line.Success, Log);
        return double.Parse(line.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Done again it changes nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Run()
    {
        _process.ErrorDataReceived += (_, line) => Heard(line.Data);
        _process.OutputDataReceived += (_, line) => Heard(line.Data);
        _process.Exited += (_, _) => _listening.TrySetException(new InvalidOperationException("it ended"));
        _process.Start();
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
    }

    private void Heard(string? line)
    {
        lock (_log)
        {
            _log.Add(line ?? "");
        }

        if (line?.StartsWith("listening on ", StringComparison.Ordinal) == true)
        {
            _listening.TrySetResult();
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
