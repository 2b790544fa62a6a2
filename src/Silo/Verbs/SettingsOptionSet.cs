using System.CommandLine;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Options;

namespace KVCluster.Silo.Verbs;

/// <summary>The settings of a server on the command line: a file, single settings by key, and short names for the common ones.</summary>
internal sealed class SettingsOptionSet
{
    private readonly Option<string?> _file = OptionOf.Text("--config", "a JSON file of settings ('kvcluster config print' shows all)", "FILE");
    private readonly Option<string[]> _set = OptionOf.Texts("--set", "one setting, such as Cold:Codec=int8; may be given many times", "KEY=VALUE");
    private readonly (Option<string?> Option, string Key)[] _short =
    [
        (OptionOf.Text("--model", "a Hugging Face folder or a GGUF file (default: the bundled model)", "PATH"), "Model:Path"),
        (OptionOf.Text("--url", "where to listen (default http://127.0.0.1:8080)", "URL"), "Listen:Url"),
        (OptionOf.Text("--data", "where conversations are kept: a directory or redis://HOST:PORT (default ./kvcluster-data)", "STORE"), "State:Store"),
        (OptionOf.Text("--cold", "where idle caches are kept: a directory, redis://HOST:PORT, or none", "STORE"), "Cold:Store"),
        (OptionOf.Text("--arena", "bytes of a device's KV arena", "BYTES"), "Model:ArenaBytes"),
        (OptionOf.Text("--backend", "what runs the model: cpu, or torch in builds with it", "NAME"), "Model:Backend"),
        (OptionOf.Text("--device", "torch: cuda:0, cuda:1, ... or cpu", "DEVICE"), "Model:Device"),
        (OptionOf.Text("--nodes", "nodes in this process", "N"), "Node:Count"),
        (OptionOf.Text("--tenants", "the file of tenants and the hashes of their keys", "FILE"), "Tenants:File"),
    ];

    public void AddTo(Command command)
    {
        command.Options.Add(_file);
        foreach ((Option<string?> option, string _) in _short)
        {
            command.Options.Add(option);
        }

        command.Options.Add(_set);
    }

    /// <exception cref="Inference.InputException">A setting is wrong.</exception>
    public ServerSettings Read(ParseResult parsed)
    {
        List<KeyValuePair<string, string?>> over = [];
        foreach ((Option<string?> option, string key) in _short)
        {
            if (parsed.GetValue(option) is { } value)
            {
                over.Add(new(key, value));
            }
        }

        foreach (string setting in parsed.GetValue(_set) ?? [])
        {
            int split = setting.IndexOf('=', StringComparison.Ordinal);
            over.Add(split > 0
                ? new(setting[..split], setting[(split + 1)..])
                : throw new Inference.InputException($"--set is '{setting}': it must be KEY=VALUE, such as Cold:Codec=int8"));
        }

        return SettingsReader.Read(parsed.GetValue(_file), over);
    }
}
