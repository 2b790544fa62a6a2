using System.Text.Json.Nodes;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Options;
using KVCluster.Silo.Tenants;

namespace KVCluster.K8s.Tests.Manifests;

/// <summary>Manifests and program agree: on settings, ports and times.</summary>
public sealed class SettingsPolicyTests
{
    /// <summary>Seconds that activations have to end, and a margin (docs/kubernetes.md).</summary>
    private const int AfterDrain = 60;

    [KubectlTheory]
    [MemberData(nameof(Rendered.Names), MemberType = typeof(Rendered))]
    public void Every_variable_is_a_setting_that_the_program_reads_and_takes(string overlay)
    {
        Rendered rendered = Rendered.Of(overlay);
        HashSet<string> known = [.. SettingsReader.Leaves(new ServerSettings())
            .Select(leaf => SettingsReader.Prefix + leaf.Key.Replace(":", "__", StringComparison.Ordinal).ToUpperInvariant())];
        Assert.All(rendered.Pods.Where(pod => pod.IsOurs), pod =>
        {
            Assert.All(PodSettings.Environment(rendered, pod).Keys, name => Assert.Contains(name, known));
            _ = PodSettings.Of(rendered, pod);
        });
    }

    [KubectlTheory]
    [MemberData(nameof(Rendered.Names), MemberType = typeof(Rendered))]
    public void Ports_are_those_of_the_settings(string overlay)
    {
        Rendered rendered = Rendered.Of(overlay);
        Assert.All(rendered.Pods.Where(pod => pod.IsOurs), pod =>
        {
            ServerSettings settings = PodSettings.Of(rendered, pod);
            Assert.Equal(
                [("grains", settings.Cluster.GatewayPort), ("http", new Uri(settings.Listen.Url).Port), ("silo", settings.Cluster.SiloPort)],
                pod.Ports.OrderBy(port => port.Key, StringComparer.Ordinal).Select(port => (port.Key, port.Value)));
            Assert.True(settings.Cluster.ListenOnAnyAddress);
            Assert.Equal("0.0.0.0", new Uri(settings.Listen.Url).Host);
        });
    }

    [KubectlTheory]
    [MemberData(nameof(Rendered.Names), MemberType = typeof(Rendered))]
    public void Workers_have_a_device_and_gateways_none(string overlay)
    {
        Rendered rendered = Rendered.Of(overlay);
        Assert.Equal(
            [("gateway", 0), ("worker", 1)],
            rendered.Pods.Where(pod => pod.IsOurs).Select(pod => (pod.Component, PodSettings.Of(rendered, pod).Node.Count)).Order());
    }

    [KubectlTheory]
    [MemberData(nameof(Rendered.Names), MemberType = typeof(Rendered))]
    public void A_pod_is_given_longer_than_its_drain_may_take(string overlay)
    {
        Rendered rendered = Rendered.Of(overlay);
        Assert.All(rendered.Pods.Where(pod => pod.IsOurs), pod =>
        {
            ServerSettings settings = PodSettings.Of(rendered, pod);
            int drain = settings.Drain.DelaySeconds + settings.Listen.ShutdownSeconds + (settings.Node.Count > 0 ? settings.Drain.HandOverSeconds : 0);
            Assert.True((int)pod.Spec["terminationGracePeriodSeconds"]! >= drain + AfterDrain, $"{pod.Name}: {drain} s");
        });
    }

    [KubectlTheory]
    [MemberData(nameof(Rendered.Names), MemberType = typeof(Rendered))]
    public void Each_redis_plays_its_role(string overlay)
    {
        Rendered rendered = Rendered.Of(overlay);
        Pod[] servers = [.. rendered.Pods.Where(pod => !pod.IsOurs)];
        Assert.Equal(overlay == "gpu-external-redis" ? 0 : 2, servers.Length);
        foreach (Pod pod in servers)
        {
            string[] args = [.. pod.Main["args"]!.AsArray().Select(arg => (string)arg!)];
            string Of(string name) => args[Array.IndexOf(args, name) + 1];
            Assert.Equal("$(REDIS_PASSWORD)", Of("--requirepass"));
            if (pod.Component == "redis-durable")
            {
                Assert.Equal(("yes", "always", "noeviction"), (Of("--appendonly"), Of("--appendfsync"), Of("--maxmemory-policy")));
                Assert.NotNull(pod.Workload["spec"]!["volumeClaimTemplates"]);
                continue;
            }

            Assert.Equal(("no", "", "volatile-lru"), (Of("--appendonly"), Of("--save"), Of("--maxmemory-policy")));
            long most = ByteSize.Parse(Of("--maxmemory").Replace("gb", "GiB", StringComparison.Ordinal).Replace("mb", "MiB", StringComparison.Ordinal), "maxmemory");
            long limit = ByteSize.Parse(((string)pod.Main["resources"]!["limits"]!["memory"]!).Replace("i", "iB", StringComparison.Ordinal), "memory");
            Assert.True(most * 1.25 < limit, $"maxmemory {most}, limit {limit}");
            ServerSettings worker = PodSettings.Of(rendered, rendered.Pods.Single(p => p.Component == "worker"));
            Assert.True(worker.Cold.BudgetBytes < most, $"budget {worker.Cold.BudgetBytes}, maxmemory {most}");
        }
    }

    [Fact]
    public void The_development_tenants_can_be_read_and_their_key_is_known()
    {
        string path = Path.Combine(Rendered.Folder, "overlays", "dev", "tenants.json");
        TenantFile file = TenantFile.Open(path, TimeProvider.System, Assert.Fail);
        Assert.Equal("dev", file.Find("development-only")!.Caller.Tenant);
    }

    [KubectlFact]
    public void Only_development_brings_secrets() => Assert.All(
        Rendered.Overlays.Where(name => name != "dev"), name => Assert.Empty(Rendered.Of(name).OfKind("Secret")));
}
