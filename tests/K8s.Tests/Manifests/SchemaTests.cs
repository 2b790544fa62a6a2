using System.Text.Json;
using System.Text.Json.Nodes;
using KVCluster.TestSupport;

namespace KVCluster.K8s.Tests.Manifests;

/// <summary>
/// Every object against Kubernetes' and the Prometheus operator's OpenAPI schemas, as the kubernetes-models packages of npm have them: required
/// fields, types, formats, and no field that the schema does not have.
/// </summary>
public sealed class SchemaTests
{
    private static readonly string Check = Path.Combine(TestPaths.Repository, "tests", "K8s.Tests", "Schemas", "check.mjs");

    [SchemaTheory]
    [MemberData(nameof(Rendered.Names), MemberType = typeof(Rendered))]
    public void Every_object_is_as_its_schema_says(string overlay)
    {
        IReadOnlyList<JsonObject> objects = Rendered.Of(overlay).Objects;
        Assert.True(objects.Count > 10);
        Assert.Equal("[]", Faults(objects).Trim());
    }

    [SchemaTheory]
    [InlineData("readynessProbe")]
    [InlineData("replicas")]
    [InlineData("selector")]
    public void A_fault_is_found(string fault)
    {
        JsonObject worker = Rendered.Of("gpu").Find("StatefulSet", "kvcluster-worker")!.DeepClone().AsObject();
        JsonObject spec = worker["spec"]!.AsObject();
        _ = fault switch
        {
            "replicas" => spec["replicas"] = "2",
            "selector" => spec.Remove("selector"),
            _ => (object)(spec["template"]!["spec"]!["containers"]![0]![fault] = new JsonObject()),
        };
        Assert.Contains(fault, Faults([worker]), StringComparison.Ordinal);
    }

    private static string Faults(IEnumerable<JsonObject> objects)
    {
        var array = new JsonArray([.. objects.Select(Tidy)]);
        return Programs.Run("node", JsonSerializer.Serialize(array), Check, Programs.Schemas);
    }

    /// <summary>kubectl breaks long base64 into lines, which Kubernetes takes and the schema's format does not.</summary>
    private static JsonNode Tidy(JsonObject o)
    {
        JsonObject copy = o.DeepClone().AsObject();
        if (Rendered.Kind(copy) == "Secret")
        {
            foreach ((string key, JsonNode? value) in copy["data"]!.AsObject().ToArray())
            {
                copy["data"]![key] = ((string)value!).ReplaceLineEndings("");
            }
        }

        return copy;
    }
}
