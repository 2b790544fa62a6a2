using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using KVCluster.Silo.Options;
using KVCluster.Silo.Terminals;

namespace KVCluster.Silo.Verbs;

/// <summary>The <c>--json</c> option of every verb.</summary>
internal static class JsonOutput
{
    public static Option<bool> Option() => OptionOf.Flag("--json", "one JSON object on standard output and nothing else there");

    public static void Write<T>(Terminal terminal, T report, JsonTypeInfo<T> type) =>
        terminal.Output.WriteLine(JsonSerializer.Serialize(report, type));
}
