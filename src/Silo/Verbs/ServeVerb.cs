using System.CommandLine;
using KVCluster.Grains;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Rendering;
using KVCluster.Silo.Serving;
using KVCluster.Silo.Terminals;
using Microsoft.Extensions.Logging;

namespace KVCluster.Silo.Verbs;

/// <summary><c>serve</c>: starts a server and stays until it is told to stop.</summary>
internal static class ServeVerb
{
    public static Command Create(Terminal terminal, Interrupt interrupt)
    {
        SettingsOptionSet settings = new();
        Command command = new("serve", "Serve conversations over HTTP (OpenAI's API and /v1/sessions) until stopped.");
        settings.AddTo(command);
        command.SetAction(parsed => Run(terminal, interrupt, settings.Read(parsed)).GetAwaiter().GetResult());
        return command;
    }

    private static async Task<int> Run(Terminal terminal, Interrupt interrupt, ServerSettings settings)
    {
        await using ServerHost host = await ServerHost.StartAsync(settings, Logging, interrupt.Token);
        foreach (ServerNode node in host.Nodes)
        {
            terminal.Error.WriteLine(
                $"{node.Name}: {host.ModelName} on {node.Worker.Device}, KV arena of {Amount.Bytes(node.Worker.Status().Ledger.TotalBytes)}");
        }

        if (settings.Tenants.File.Length == 0)
        {
            terminal.Error.WriteLine("no tenants file: everybody on this machine may do everything; other machines are not served");
        }

        terminal.Error.WriteLine($"conversations in {NodeCluster.Describe(settings)}");
        terminal.Error.WriteLine($"listening on {host.Address.ToString().TrimEnd('/')} (Ctrl+C stops)");
        var stopped = new TaskCompletionSource();
        using (interrupt.Token.Register(stopped.SetResult))
        {
            await stopped.Task;
        }

        terminal.Error.WriteLine("stopping: running turns end, caches move or are saved");
        return ExitCode.Success;
    }

    private static void Logging(ILoggingBuilder logging) => logging
        .SetMinimumLevel(LogLevel.Warning)
        .Configure(o => o.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId)
        // What keeps a host from starting is said by whoever started it.
        .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical)
        .AddFilter(typeof(NodeDrain).FullName, LogLevel.Information)
        .AddSimpleConsole(o =>
        {
            o.SingleLine = true;
            o.IncludeScopes = true;
            o.UseUtcTimestamp = true;
            o.TimestampFormat = "yyyy-MM-ddTHH:mm:ssZ ";
        })
        .AddConsole(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
}
