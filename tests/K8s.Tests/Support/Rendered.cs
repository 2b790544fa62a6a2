using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using KVCluster.TestSupport;

namespace KVCluster.K8s.Tests;

/// <summary>An overlay as kubectl renders it, and ways to look at it.</summary>
internal sealed class Rendered
{
    private static readonly ConcurrentDictionary<string, Lazy<Rendered>> Cache = new(StringComparer.Ordinal);

    private Rendered(List<JsonObject> objects) => Objects = objects;

    public static string Folder { get; } = Path.Combine(TestPaths.Repository, "k8s");

    public static IEnumerable<string> Overlays => Directory.GetDirectories(Path.Combine(Folder, "overlays")).Select(path => Path.GetFileName(path)!);

    public IReadOnlyList<JsonObject> Objects { get; }

    /// <summary>Every pod that a workload makes, with the workload.</summary>
    public IEnumerable<Pod> Pods => Objects.Where(o => Kind(o) is "Deployment" or "StatefulSet").Select(o => new Pod(o));

    public static TheoryData<string> Names()
    {
        TheoryData<string> names = [];
        foreach (string name in Overlays)
        {
            names.Add(name);
        }

        return names;
    }

    public static Rendered Of(string overlay) => Cache.GetOrAdd(overlay, name => new Lazy<Rendered>(() => Render(Path.Combine(Folder, "overlays", name)))).Value;

    public static Rendered Render(string folder) => new(YamlObjects.Read(Programs.Run("kubectl", "", "kustomize", folder)));

    public IEnumerable<JsonObject> OfKind(string kind) => Objects.Where(o => Kind(o) == kind);

    public JsonObject? Find(string kind, string name) => Objects.FirstOrDefault(o => Kind(o) == kind && NameOf(o) == name);

    public static string Kind(JsonObject o) => (string)o["kind"]!;

    public static string NameOf(JsonObject o) => (string)o["metadata"]!["name"]!;

    /// <summary>Whether labels are what a selector asks for.</summary>
    public static bool Selects(JsonNode? selector, JsonObject labels)
    {
        JsonObject wanted = selector?["matchLabels"]?.AsObject() ?? [];
        JsonArray expressions = selector?["matchExpressions"]?.AsArray() ?? [];
        return wanted.All(pair => (string?)labels[pair.Key] == (string?)pair.Value)
            && expressions.All(e => (string)e!["operator"]! == "In" && e["values"]!.AsArray().Any(v => (string?)v == (string?)labels[(string)e["key"]!]));
    }
}

/// <summary>A workload's pod.</summary>
internal sealed class Pod(JsonObject workload)
{
    public JsonObject Workload { get; } = workload;

    public string Name => Rendered.NameOf(Workload);

    public JsonObject Spec => Workload["spec"]!["template"]!["spec"]!.AsObject();

    public JsonObject Labels => Workload["spec"]!["template"]!["metadata"]!["labels"]!.AsObject();

    public string Component => (string)Labels["app.kubernetes.io/component"]!;

    public bool IsOurs => Component is "worker" or "gateway";

    public IEnumerable<JsonObject> Containers => Spec["containers"]!.AsArray().Select(c => c!.AsObject());

    public IEnumerable<JsonObject> AllContainers => Containers.Concat((Spec["initContainers"]?.AsArray() ?? []).Select(c => c!.AsObject()));

    public JsonObject Main => Containers.First();

    public Dictionary<string, int> Ports => Containers.SelectMany(c => c["ports"]?.AsArray() ?? [])
        .ToDictionary(p => (string)p!["name"]!, p => (int)p!["containerPort"]!);
}
