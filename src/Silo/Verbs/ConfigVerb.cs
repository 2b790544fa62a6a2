using System.CommandLine;
using System.Globalization;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Tenants;
using KVCluster.Silo.Terminals;

namespace KVCluster.Silo.Verbs;

/// <summary><c>config</c>: shows and checks a server's settings.</summary>
internal static class ConfigVerb
{
    public static Command Create(Terminal terminal)
    {
        SettingsOptionSet settings = new();
        Command print = new("print", "Print every setting with its value and what it means; checks them all.");
        settings.AddTo(print);
        print.SetAction(parsed =>
        {
            foreach ((string key, object? value, string description) in SettingsReader.Leaves(settings.Read(parsed)))
            {
                string shown = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
                terminal.Output.WriteLine($"{key}={WithoutSecret(shown)}    # {description}");
            }

            return ExitCode.Success;
        });
        Argument<string> key = new("KEY") { Description = "an API key" };
        Command hash = new("hash-key", "Print how an API key is written in a tenants file.") { key };
        hash.SetAction(parsed =>
        {
            terminal.Output.WriteLine(TenantFile.HashOf(parsed.GetRequiredValue(key)));
            return ExitCode.Success;
        });
        return new Command("config", "Settings of a server.") { print, hash };
    }

    /// <summary>A connection string's password stays out of terminals and logs.</summary>
    private static string WithoutSecret(string value)
    {
        int scheme = value.IndexOf("://", StringComparison.Ordinal);
        int at = value.LastIndexOf('@');
        return scheme >= 0 && at > scheme ? string.Concat(value.AsSpan(0, scheme + 3), "***", value.AsSpan(at)) : value;
    }
}
