using System.Text.Json.Nodes;
using KVCluster.Silo.Gateway.Health;
using Microsoft.AspNetCore.Http;

namespace KVCluster.K8s.Tests.Manifests;

/// <summary>What every pod must be, whoever wrote it.</summary>
public sealed class PodPolicyTests
{
    [KubectlTheory]
    [MemberData(nameof(Rendered.Names), MemberType = typeof(Rendered))]
    public void No_pod_has_rights(string overlay) => Assert.All(Rendered.Of(overlay).Pods, pod =>
    {
        JsonNode security = pod.Spec["securityContext"]!;
        Assert.True((bool)security["runAsNonRoot"]!);
        Assert.True((int)security["runAsUser"]! > 0);
        Assert.Equal("RuntimeDefault", (string?)security["seccompProfile"]!["type"]);
        Assert.False((bool)pod.Spec["automountServiceAccountToken"]!);
        Assert.All((string[])["hostNetwork", "hostPID", "hostIPC"], name => Assert.Null(pod.Spec[name]));
        Assert.DoesNotContain(pod.Spec["volumes"]?.AsArray() ?? [], volume => volume!["hostPath"] is not null);
        Assert.All(pod.AllContainers, container =>
        {
            JsonNode own = container["securityContext"]!;
            Assert.False((bool)own["allowPrivilegeEscalation"]!);
            Assert.True((bool)own["readOnlyRootFilesystem"]!);
            Assert.Null(own["privileged"]);
            Assert.Equal("ALL", (string?)Assert.Single(own["capabilities"]!["drop"]!.AsArray()));
            Assert.Null(own["capabilities"]!["add"]);
            Assert.All(container["ports"]?.AsArray() ?? [], port => Assert.Null(port!["hostPort"]));
        });
    });

    [KubectlTheory]
    [MemberData(nameof(Rendered.Names), MemberType = typeof(Rendered))]
    public void Every_container_says_what_it_needs_and_gets_no_more_memory(string overlay) => Assert.All(
        Rendered.Of(overlay).Pods.SelectMany(pod => pod.AllContainers), container =>
    {
        JsonNode requests = container["resources"]!["requests"]!;
        JsonNode limits = container["resources"]!["limits"]!;
        Assert.All((string[])["cpu", "memory"], name => Assert.True(requests[name] is not null && limits[name] is not null, name));
        Assert.Equal((string?)limits["memory"], (string?)requests["memory"]);
        Assert.Equal((string?)limits["nvidia.com/gpu"], (string?)requests["nvidia.com/gpu"]);
    });

    [KubectlTheory]
    [MemberData(nameof(Rendered.Names), MemberType = typeof(Rendered))]
    public void Every_container_is_probed_and_ours_where_the_program_answers(string overlay) => Assert.All(Rendered.Of(overlay).Pods, pod =>
    {
        foreach (JsonObject container in pod.Containers)
        {
            foreach (string probe in (string[])["startupProbe", "livenessProbe", "readinessProbe"])
            {
                JsonNode? asked = container[probe];
                Assert.NotNull(asked);
                if (pod.IsOurs)
                {
                    Assert.Equal("http", (string?)asked["httpGet"]!["port"]);
                    Assert.Equal(probe == "readinessProbe" ? "/readyz" : "/healthz", (string?)asked["httpGet"]!["path"]);
                    Assert.True(HealthEndpoints.IsProbe(new PathString((string?)asked["httpGet"]!["path"])));
                }
            }
        }
    });

    [KubectlTheory]
    [MemberData(nameof(Rendered.Names), MemberType = typeof(Rendered))]
    public void Images_are_named_by_a_version(string overlay) => Assert.All(
        Rendered.Of(overlay).Pods.SelectMany(pod => pod.AllContainers), container =>
    {
        string image = (string)container["image"]!;
        Assert.True(image.Contains('@', StringComparison.Ordinal) || image.Split('/')[^1].Contains(':', StringComparison.Ordinal), image);
        Assert.DoesNotContain(":latest", image, StringComparison.Ordinal);
    });

    [KubectlTheory]
    [MemberData(nameof(Rendered.Names), MemberType = typeof(Rendered))]
    public void Workers_and_gateways_are_spread_and_go_first(string overlay) => Assert.All(
        Rendered.Of(overlay).Pods.Where(pod => pod.IsOurs), pod =>
    {
        Assert.Equal(
            ["kubernetes.io/hostname", "topology.kubernetes.io/zone"],
            pod.Spec["topologySpreadConstraints"]!.AsArray().Select(c => (string)c!["topologyKey"]!));
        Assert.All(pod.Spec["topologySpreadConstraints"]!.AsArray(), c => Assert.True(Rendered.Selects(c!["labelSelector"], pod.Labels)));
        Assert.Equal("kvcluster-serving", (string?)pod.Spec["priorityClassName"]);
    });

    [KubectlTheory]
    [InlineData("gpu")]
    [InlineData("gpu-external-redis")]
    public void A_worker_has_a_gpu_its_machine_and_shared_memory(string overlay)
    {
        Pod worker = Rendered.Of(overlay).Pods.Single(pod => pod.Component == "worker");
        Assert.Equal("1", (string?)worker.Main["resources"]!["limits"]!["nvidia.com/gpu"]);
        Assert.Contains(worker.Spec["tolerations"]!.AsArray(), t => (string?)t!["key"] == "nvidia.com/gpu");
        Assert.NotNull(worker.Spec["nodeSelector"]);
        Assert.NotNull(worker.Spec["affinity"]!["nodeAffinity"]);
        JsonNode shm = worker.Spec["volumes"]!.AsArray().Single(v => (string?)v!["name"] == "shm")!;
        Assert.Equal("Memory", (string?)shm["emptyDir"]!["medium"]);
        Assert.Contains(worker.Main["volumeMounts"]!.AsArray(), m => (string?)m!["mountPath"] == "/dev/shm");
    }
}
