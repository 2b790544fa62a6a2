using System.Text.Json.Nodes;
using KVCluster.TestSupport;

namespace KVCluster.K8s.Tests.Manifests;

/// <summary>What the cluster's monitoring gets is what the folder dashboards has.</summary>
public sealed class MonitoringTests
{
    private static readonly string Dashboards = Path.Combine(TestPaths.Repository, "dashboards");

    [KubectlFact]
    public void Alert_rules_are_those_of_the_dashboards_folder()
    {
        JsonObject rule = Assert.Single(Rendered.Of("gpu").OfKind("PrometheusRule"));
        JsonObject file = Assert.Single(YamlObjects.Read(File.ReadAllText(Path.Combine(Dashboards, "alerts.yml"))));
        Assert.True(JsonNode.DeepEquals(file["groups"], rule["spec"]!["groups"]), "k8s/components/monitoring/rules.yaml must hold the groups of dashboards/alerts.yml");
    }

    [KubectlFact]
    public void Grafanas_dashboard_is_that_of_the_dashboards_folder()
    {
        JsonObject map = Rendered.Of("gpu").Find("ConfigMap", "kvcluster-dashboards")!;
        Assert.Equal("1", (string?)map["metadata"]!["labels"]!["grafana_dashboard"]);
        JsonNode? mounted = JsonNode.Parse((string)map["data"]!["grafana.json"]!);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(File.ReadAllText(Path.Combine(Dashboards, "grafana.json"))), mounted));
    }
}
