using System.Text.Json;
using KVCluster.TestSupport;

namespace KVCluster.Inference.Tests.Tokenization;

/// <summary>The reference tokenisations and chats of SmolLM2 (goldens/smollm2/tokenizer.json).</summary>
internal static class SmolLm2Goldens
{
    public const string Part = "smollm2/tokenizer.json";

    private static readonly Lazy<JsonElement?> _root = new(() =>
    {
        string path = Path.Combine(TestPaths.Goldens, Part);
        return File.Exists(path) ? JsonDocument.Parse(File.ReadAllBytes(path)).RootElement : null;
    });

    public static JsonElement Root => _root.Value!.Value;

    /// <summary>The entries of one list; none where the file or the list is absent.</summary>
    public static IReadOnlyList<JsonElement> Entries(string list) =>
        _root.Value is { } root && root.TryGetProperty(list, out JsonElement entries) ? [.. entries.EnumerateArray()] : [];

    /// <summary>Places of the entries of one list. A theory must have data: where there is none, a single place that holds nothing.</summary>
    public static IEnumerable<object[]> Indexes(string list) =>
        Enumerable.Range(0, Math.Max(1, Entries(list).Count)).Select(i => new object[] { i });

    public static int[] Ids(JsonElement entry, string name) => entry.GetProperty(name).EnumerateArray().Select(e => e.GetInt32()).ToArray();
}
