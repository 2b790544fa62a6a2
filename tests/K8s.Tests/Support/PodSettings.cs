using System.Text.Json.Nodes;
using KVCluster.Silo.Configuration;

namespace KVCluster.K8s.Tests;

/// <summary>A pod's environment as the program reads it.</summary>
internal static class PodSettings
{
    /// <summary>Variables by name; what comes from secrets or the pod itself is a sample of its kind.</summary>
    public static Dictionary<string, string> Environment(Rendered rendered, Pod pod)
    {
        Dictionary<string, string> values = new(StringComparer.Ordinal);
        foreach (JsonNode? from in pod.Main["envFrom"]?.AsArray() ?? [])
        {
            string name = (string)from!["configMapRef"]!["name"]!;
            JsonObject map = rendered.Find("ConfigMap", name) ?? throw new InvalidOperationException($"no ConfigMap {name}");
            foreach ((string key, JsonNode? value) in map["data"]!.AsObject())
            {
                values[key] = (string)value!;
            }
        }

        foreach (JsonNode? variable in pod.Main["env"]?.AsArray() ?? [])
        {
            values[(string)variable!["name"]!] = (string?)variable["value"] ?? Sample(variable["valueFrom"]!);
        }

        return values;
    }

    /// <summary>The settings a pod's program runs with.</summary>
    public static ServerSettings Of(Rendered rendered, Pod pod) => SettingsReader.Read(
        null, Environment(rendered, pod).Select(v => KeyValuePair.Create(v.Key[SettingsReader.Prefix.Length..].Replace("__", ":", StringComparison.Ordinal), (string?)v.Value)));

    private static string Sample(JsonNode from) => (string?)from["fieldRef"]?["fieldPath"] switch
    {
        "status.podIP" => "10.0.0.1",
        "metadata.name" => "pod-0",
        null => (string)from["secretKeyRef"]!["key"]! == "volatile" ? "redis://:secret@server:6379" : "server:6379,password=secret",
        string other => throw new InvalidOperationException($"no sample of {other}"),
    };
}
