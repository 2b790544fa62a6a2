using System.Text.Json;
using KVCluster.TestSupport;
using Xunit;

namespace KVCluster.Inference.Tests.Models;

/// <summary>The model folders and files found in the goldens and among the models.</summary>
internal static class GoldenModels
{
    public static string Folder { get; } = Path.Combine(TestPaths.Goldens, "models");

    public static string Gguf { get; } = Path.Combine(TestPaths.Goldens, "gguf");

    /// <summary>Stands for the cases of a folder without any, since a theory must have data.</summary>
    private const string None = "(none here)";

    public static TheoryData<string> HuggingFaceNames() => new(Names(Folder, Directory.EnumerateDirectories)
        .Where(path => File.Exists(Path.Combine(path, "config.json")))
        .Select(path => Path.GetFileName(path)!)
        .DefaultIfEmpty(None));

    /// <summary>GGUF files that are whole models: those with a forward pass beside them.</summary>
    public static TheoryData<string> GgufNames() => new(Names(Gguf, folder => Directory.EnumerateFiles(folder, "*.forward.safetensors"))
        .Select(path => Path.GetFileName(path)!.Replace(".forward.safetensors", string.Empty))
        .DefaultIfEmpty(None));

    /// <summary>Everything under models that a user could name.</summary>
    public static IEnumerable<string> RealNames() => Names(TestPaths.Models, Directory.EnumerateFileSystemEntries)
        .Where(path => path.EndsWith(".gguf", StringComparison.Ordinal) || File.Exists(Path.Combine(path, "config.json")))
        .Select(path => Path.GetFileName(path)!);

    /// <summary>There are no cases; that is only right in goldens someone else named.</summary>
    public static bool IsEmpty(string name)
    {
        Assert.True(name != None || Environment.GetEnvironmentVariable("KVCLUSTER_GOLDENS") is { Length: > 0 }, "no golden models found");
        return name == None;
    }

    public static JsonDocument Json(params string[] path) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(path)));

    public static float[] Floats(JsonElement array) => [.. array.EnumerateArray().Select(e => (float)e.GetDouble())];

    private static IEnumerable<string> Names(string folder, Func<string, IEnumerable<string>> list) =>
        Directory.Exists(folder) ? list(folder).Order(StringComparer.Ordinal) : [];
}
