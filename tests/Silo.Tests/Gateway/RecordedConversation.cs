using System.Text.Json;
using KVCluster.TestSupport;

namespace KVCluster.Silo.Tests.Gateway;

/// <summary>A conversation with the bundled model as the reference implementation held it.</summary>
internal sealed record RecordedConversation(string[] Questions, string[] Answers)
{
    /// <summary>Where they are among the goldens.</summary>
    public const string Part = "needle/turns-512.jsonl";

    /// <summary>All of them; none where there are no goldens.</summary>
    public static IEnumerable<RecordedConversation> All()
    {
        string path = Path.Combine(TestPaths.Goldens, Part);
        return File.Exists(path) ? File.ReadLines(path).Where(line => line.Length > 0).Select(Of) : [];
    }

    private static RecordedConversation Of(string line)
    {
        using JsonDocument sample = JsonDocument.Parse(line);
        JsonElement[] turns = [.. sample.RootElement.GetProperty("turns").EnumerateArray()];
        return new RecordedConversation(
            [.. turns.Select(t => t.GetProperty("user").GetString()!)], [.. turns.Select(t => t.GetProperty("answer").GetString()!)]);
    }
}
