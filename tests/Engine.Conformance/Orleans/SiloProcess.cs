using System.Diagnostics;
using KVCluster.Engine.Hosting;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.Cluster;

/// <summary>
/// A silo in a process of its own, which is this assembly run as a program: the only kind that can be killed as a machine dies. What its grains
/// note comes over standard output, gates are opened over standard input.
/// </summary>
internal sealed class SiloProcess : IOrleansSilo
{
    private readonly Process _process;
    private readonly Stage _stage;
    private readonly TaskCompletionSource<SiloAddress> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _writing = new();

    private SiloProcess(Process process, Stage stage) => (_process, _stage) = (process, stage);

    public ConformanceSilo Description { get; private set; } = null!;

    /// <summary>Starts a process and waits until its silo is a member of the cluster.</summary>
    public static async Task<SiloProcess> StartAsync(OrleansClusterOptions cluster, ConformanceOptions options, Stage stage)
    {
        ProcessStartInfo start = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in (string[])["exec", typeof(SiloProcess).Assembly.Location, .. SiloProgram.Arguments(cluster, options)])
        {
            start.ArgumentList.Add(argument);
        }

        SiloProcess silo = new(Process.Start(start) ?? throw new InvalidOperationException("The silo's process did not start."), stage);
        try
        {
            _ = silo.ListenAsync();
            SiloAddress address = await silo._ready.Task.WaitAsync(2 * Stage.Patience);
            silo.Description = new ConformanceSilo(cluster.SiloName!, address, NoServices.Instance);
            return silo;
        }
        catch
        {
            await silo.DisposeAsync();
            throw;
        }
    }

    /// <summary>SIGKILL: no hook runs, no connection is closed in order, nothing is told to the cluster.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync().WaitAsync(Stage.Patience);
        _process.Dispose();
    }

    private async Task ListenAsync()
    {
        Task<string> errors = _process.StandardError.ReadToEndAsync();
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(PipedStage.Noted, StringComparison.Ordinal))
            {
                Noted(line[PipedStage.Noted.Length..]);
            }
            else if (line.StartsWith(SiloProgram.Ready, StringComparison.Ordinal))
            {
                _ready.TrySetResult(SiloAddress.FromParsableString(line[SiloProgram.Ready.Length..]));
            }
        }

        _ready.TrySetException(new InvalidOperationException($"The silo's process ended: {await errors}"));
    }

    private void Noted(string entry)
    {
        _stage.Note(entry);
        if (entry.EndsWith(PipedStage.Reached, StringComparison.Ordinal))
        {
            _ = OpenWhenOpenedAsync(entry[..^PipedStage.Reached.Length]);
        }
    }

    private async Task OpenWhenOpenedAsync(string gate)
    {
        await _stage.OpenedAsync(gate);
        try
        {
            lock (_writing)
            {
                _process.StandardInput.WriteLine(gate);
                _process.StandardInput.Flush();
            }
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // Killed.
        }
    }

    private sealed class NoServices : IServiceProvider
    {
        public static readonly NoServices Instance = new();

        public object? GetService(Type serviceType) => throw new NotSupportedException("The services of a silo in another process are not here.");
    }
}
