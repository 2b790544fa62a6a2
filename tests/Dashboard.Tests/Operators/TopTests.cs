using System.Text.RegularExpressions;
using KVCluster.Dashboard.Tests.Support;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Terminals;

namespace KVCluster.Dashboard.Tests.Operators;

public sealed partial class TopTests(DashboardServer server) : IClassFixture<DashboardServer>
{
    [Fact]
    public async Task Top_prints_devices_sessions_and_latency_once_where_the_output_is_no_terminal()
    {
        await server.ConverseAsync("watched", lines: 3);

        (int exit, string output, string error) = await RunAsync("top", "--server", server.Address.ToString());

        Assert.True(exit == 0, error);
        Assert.Contains("node-1/cpu:0", output, StringComparison.Ordinal);
        Assert.Contains("default/watched", output, StringComparison.Ordinal);
        Assert.Contains("first token", output, StringComparison.Ordinal);
    }

    [PseudoTerminalFact]
    public async Task In_a_terminal_top_follows_the_server_through_changes_and_a_restart_until_it_is_interrupted()
    {
        var restarted = new DashboardServer();
        await restarted.StartAsync();
        try
        {
            await restarted.ConverseAsync("first", lines: 3);
            await using var top = PseudoTerminal.Run("top", "--server", restarted.Address.ToString());
            await top.WaitAsync("default/first");
            await top.WaitAsync("live");
            await restarted.ConverseAsync("second", lines: 3);
            await top.WaitAsync("default/second");
            await restarted.StopAsync();
            await top.WaitAsync("disconnected");
            await restarted.StartAsync();
            await restarted.ConverseAsync("third", lines: 3);
            await top.WaitAsync("default/third");

            Assert.True(Clock().Matches(top.Output).Select(m => m.Value).Distinct().Count() > 2, "the clock stands still");
            Assert.Equal(130, await top.InterruptAsync());
        }
        finally
        {
            await restarted.DisposeAsync();
        }
    }

    [GeneratedRegex(@"\d\d:\d\d:\d\d(?= UTC)")]
    private static partial Regex Clock();

    [Fact]
    public async Task Top_as_json_is_the_servers_snapshot()
    {
        (int exit, string output, _) = await RunAsync("top", "--json", "--server", server.Address.ToString());

        Assert.Equal(0, exit);
        Assert.Equal(2, System.Text.Json.JsonDocument.Parse(output).RootElement.GetProperty("nodes").GetArrayLength());
    }

    [Fact]
    public async Task Without_a_server_top_says_how_to_start_one()
    {
        (int exit, _, string error) = await RunAsync("top", "--server", $"http://127.0.0.1:{KVCluster.TestSupport.LoopbackPorts.Free()}");

        Assert.Equal(2, exit);
        Assert.Contains("kvcluster serve", error, StringComparison.Ordinal);
    }

    private static async Task<(int Exit, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using Interrupt interrupt = new();
        using StringWriter output = new();
        using StringWriter error = new();
        var terminal = new Terminal(TextReader.Null, output, error);
        int exit = await Task.Run(() => CommandHost.Run(arguments, terminal, interrupt)).WaitAsync(TimeSpan.FromMinutes(1));
        return (exit, output.ToString(), error.ToString());
    }
}
