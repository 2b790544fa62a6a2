using System.Text.Json;
using KVCluster.Inference.Kv;
using KVCluster.TestSupport;

namespace KVCluster.Worker.Tests.Goldens;

/// <summary>Reading what is there, and how much of it a usual run covers.</summary>
internal static class GoldenFiles
{
    /// <summary>KVCLUSTER_ALL_SAMPLES=1 runs every sample; otherwise a fixed share that two cores finish in a minute or two.</summary>
    public static bool AllSamples { get; } = Environment.GetEnvironmentVariable("KVCLUSTER_ALL_SAMPLES") == "1";

    public static string Path(params string[] parts) => System.IO.Path.Combine([TestPaths.Goldens, .. parts]);

    public static JsonElement Json(params string[] parts) => JsonDocument.Parse(File.ReadAllBytes(Path(parts))).RootElement;

    public static IEnumerable<JsonElement> Lines(string path) =>
        File.ReadLines(path).Where(line => line.Length > 0).Select(line => JsonDocument.Parse(line).RootElement);

    public static IEnumerable<string> Files(string folder, string pattern) => Directory.Exists(Path(folder))
        ? Directory.EnumerateFiles(Path(folder), pattern).Select(f => System.IO.Path.GetFileName(f)).Order(StringComparer.Ordinal)
        : [];

    public static int[] Integers(JsonElement array) => array.EnumerateArray().Select(e => e.GetInt32()).ToArray();

    /// <summary>With one kernel thread, for the reason given at <see cref="NeedleFixture.Open"/>.</summary>
    public static LocalModel OpenSmolLm2(int contextTokens) => LocalModel.Open(
        TestPaths.SmolLm2!, new LocalModelOptions { KvType = KvElementType.F32, ContextTokens = contextTokens, Threads = 1 });
}
