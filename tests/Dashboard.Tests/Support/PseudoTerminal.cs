using System.Diagnostics;
using System.Text;
using KVCluster.Silo.Serving;

namespace KVCluster.Dashboard.Tests.Support;

/// <summary>The program in a pseudo terminal of 40 lines and 140 columns, as a process of its own.</summary>
internal sealed class PseudoTerminal : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly Task _reading;
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private PseudoTerminal(Process process)
    {
        _process = process;
        _reading = Task.Run(ReadAsync);
    }

    /// <summary>All that came, escape sequences included.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public static PseudoTerminal Run(params string[] arguments)
    {
        string program = typeof(ServerHost).Assembly.Location;
        string command = $"stty rows 40 cols 140; exec dotnet '{program}' {string.Join(' ', arguments.Select(a => $"'{a}'"))}";
        var start = new ProcessStartInfo("script", ["--quiet", "--flush", "--return", "--command", command, "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            StandardOutputEncoding = Encoding.UTF8,
            Environment = { ["TERM"] = "xterm-256color", ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1" },
        };
        return new PseudoTerminal(Process.Start(start)!);
    }

    /// <summary>Waits until a text has been written.</summary>
    public async Task WaitAsync(string text)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            Task more;
            lock (_output)
            {
                if (_output.ToString().Contains(text, StringComparison.Ordinal))
                {
                    return;
                }

                more = _more.Task;
            }

            Assert.False(_reading.IsCompleted, $"it ended without '{text}': {Output}");
            try
            {
                await more.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"'{text}' did not come within {Patience}: {Output}");
            }
        }
    }

    /// <summary>Presses Ctrl+C; the program's exit status.</summary>
    public async Task<int> InterruptAsync()
    {
        await _process.StandardInput.WriteAsync('\u0003');
        await _process.StandardInput.FlushAsync();
        await _process.WaitForExitAsync().WaitAsync(Patience);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _reading.WaitAsync(Patience);
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        char[] buffer = new char[4096];
        for (int read; (read = await _process.StandardOutput.ReadAsync(buffer)) > 0;)
        {
            Came(new string(buffer, 0, read));
        }

        Came("");
    }

    private void Came(string text)
    {
        TaskCompletionSource more;
        lock (_output)
        {
            _output.Append(text);
            more = _more;
            _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        more.TrySetResult();
    }
}
