using System.Diagnostics;
using KVCluster.Engine.Hosting;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.OnOrleans;

/// <summary>A silo in a process of its own, which is this assembly run as a program: the only kind that can be killed as a machine dies.</summary>
internal sealed class SiloProcess : IConformanceSilo, IAsyncDisposable
{
    private readonly Process _process;

    private SiloProcess(Process process, string name) => (_process, Name) = (process, name);

    public string Name { get; }

    public SiloAddress Address => throw new NotSupportedException("the address of a silo in another process is not known here");

    public IServiceProvider Services => throw new NotSupportedException("the services of a silo in another process are not here");

    /// <summary>Starts a process and waits until its silo is a member of the cluster.</summary>
    public static async Task<SiloProcess> StartAsync(OrleansClusterOptions options, ConformanceSettings settings)
    {
        ProcessStartInfo start = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in (string[])["exec", typeof(SiloProcess).Assembly.Location, .. SiloProgram.Arguments(options, settings)])
        {
            start.ArgumentList.Add(argument);
        }

        SiloProcess silo = new(Process.Start(start) ?? throw new InvalidOperationException("the silo's process did not start"), options.SiloName!);
        try
        {
            await silo.ReadyAsync();
            return silo;
        }
        catch
        {
            await silo.DisposeAsync();
            throw;
        }
    }

    /// <summary>SIGKILL: no hook runs, no connection is closed in order, nothing is told to the cluster.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync().WaitAsync(Eventually.Limit);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private async Task ReadyAsync()
    {
        Task<string> errors = _process.StandardError.ReadToEndAsync();
        string? line;
        do
        {
            line = await _process.StandardOutput.ReadLineAsync().WaitAsync(Eventually.Limit);
            if (line is null)
            {
                throw new InvalidOperationException($"the silo's process ended: {await errors}");
            }
        }
        while (line != SiloProgram.Ready);
    }
}
