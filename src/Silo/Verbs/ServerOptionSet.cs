using System.CommandLine;
using KVCluster.Inference;
using KVCluster.Silo.Options;
using KVCluster.Silo.Remote;

namespace KVCluster.Silo.Verbs;

/// <summary>Which server a verb talks to.</summary>
internal sealed class ServerOptionSet
{
    /// <summary>Where the key comes from when the command line does not say.</summary>
    public const string KeyVariable = "KVCLUSTER_API_KEY";

    private readonly Option<string?> _server = OptionOf.Text("--server", "the server's address (default http://127.0.0.1:8080)", "URL");
    private readonly Option<string?> _key = OptionOf.Text("--key", $"an API key (default: the variable {KeyVariable})", "KEY");

    public void AddTo(Command command)
    {
        command.Options.Add(_server);
        command.Options.Add(_key);
    }

    public ServerClient Open(ParseResult parsed)
    {
        string address = parsed.GetValue(_server) ?? "http://127.0.0.1:8080";
        return Uri.TryCreate(address, UriKind.Absolute, out Uri? server) && server.Scheme is ("http" or "https")
            ? new ServerClient(server, parsed.GetValue(_key) ?? Environment.GetEnvironmentVariable(KeyVariable))
            : throw new InputException($"--server is '{address}': it must be an address such as http://127.0.0.1:8080");
    }
}
