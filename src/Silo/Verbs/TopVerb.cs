using System.CommandLine;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Monitoring;
using KVCluster.Silo.Remote;
using KVCluster.Silo.Terminals;

namespace KVCluster.Silo.Verbs;

/// <summary><c>top</c>: what the dashboard shows, in the terminal.</summary>
internal static class TopVerb
{
    public static Command Create(Terminal terminal, Interrupt interrupt)
    {
        ServerOptionSet server = new();
        Option<bool> once = new("--once") { Description = "print the state once and end, as happens where the output is no terminal" };
        Option<bool> json = JsonOutput.Option();
        Command command = new("top", "Watch a running server: memory, sessions, latency, pressure.") { once, json };
        server.AddTo(command);
        command.SetAction(parsed =>
        {
            using ServerClient client = server.Open(parsed);
            if (parsed.GetValue(json))
            {
                Print(terminal, client, interrupt.Token).GetAwaiter().GetResult();
                return ExitCode.Success;
            }

            var run = new TopRun(terminal, client);
            bool live = terminal.OutputIsConsole && !parsed.GetValue(once);
            (live ? run.LiveAsync(interrupt.Token) : run.OnceAsync(interrupt.Token)).GetAwaiter().GetResult();
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>The server's snapshot as it is.</summary>
    private static async Task Print(Terminal terminal, ServerClient client, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await client.SendAsync(HttpMethod.Get, "/v1/cluster", null, cancellationToken);
        terminal.Output.WriteLine(await response.Content.ReadAsStringAsync(cancellationToken));
    }
}
