using System.CommandLine;
using KVCluster.Inference;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Options;
using KVCluster.Silo.Terminals;

namespace KVCluster.Silo.Verbs;

/// <summary><c>health</c>: asks a server on this machine whether it is alive, for container engines whose images have no other program.</summary>
internal static class HealthVerb
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    public static Command Create(Terminal terminal)
    {
        Option<string?> server = OptionOf.Text("--server", "the server's address; by default the port of the setting Listen:Url on this machine", "URL");
        Option<bool> ready = OptionOf.Flag("--ready", "ask whether it takes requests, not only whether it is alive");
        Command command = new("health", "Ask a server on this machine whether it is alive; exit code 0 or 1.") { server, ready };
        command.SetAction(parsed => Run(terminal, AddressOf(parsed.GetValue(server)), parsed.GetValue(ready)).GetAwaiter().GetResult());
        return command;
    }

    private static async Task<int> Run(Terminal terminal, Uri server, bool ready)
    {
        try
        {
            using var http = new HttpClient { Timeout = Patience };
            using HttpResponseMessage answer = await http.GetAsync(new Uri(server, ready ? "/readyz" : "/healthz"));
            terminal.Output.Write(await answer.Content.ReadAsStringAsync());
            return answer.IsSuccessStatusCode ? ExitCode.Success : ExitCode.Fault;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            terminal.Error.WriteLine($"{CommandHost.Name}: {server} does not answer: {e.Message}");
            return ExitCode.Fault;
        }
    }

    private static Uri AddressOf(string? server)
    {
        string text = server ?? SettingsReader.Read(null, []).Listen.Url;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
        {
            throw new InputException($"'{text}' must be an address such as http://127.0.0.1:8080");
        }

        // A server that listens on every address is asked on this machine's own.
        return address.Host is "0.0.0.0" or "[::]" ? new UriBuilder(address) { Host = "127.0.0.1" }.Uri : address;
    }
}
