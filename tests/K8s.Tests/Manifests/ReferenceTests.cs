using System.Text.Json.Nodes;
using KVCluster.TestSupport;

namespace KVCluster.K8s.Tests.Manifests;

/// <summary>Nothing refers to what is not there; nothing is left open.</summary>
public sealed class ReferenceTests
{
    private static readonly string Install = File.ReadAllText(Path.Combine(TestPaths.Repository, "docs", "operations", "install.md"));

    [KubectlTheory]
    [MemberData(nameof(Rendered.Names), MemberType = typeof(Rendered))]
    public void Whatever_a_pod_names_is_there_or_told_of_in_the_install_page(string overlay)
    {
        Rendered rendered = Rendered.Of(overlay);
        foreach (Pod pod in rendered.Pods)
        {
            if (pod.IsOurs)
            {
                Assert.NotNull(rendered.Find("ServiceAccount", (string)pod.Spec["serviceAccountName"]!));
            }

            Assert.NotNull(rendered.Find("PriorityClass", (string)pod.Spec["priorityClassName"]!));
            foreach (JsonNode volume in (pod.Spec["volumes"]?.AsArray() ?? [])!)
            {
                RequireSecret(rendered, (string?)volume["secret"]?["secretName"], null);
                RequireThere(rendered, "ConfigMap", (string?)volume["configMap"]?["name"]);
                RequireThere(rendered, "PersistentVolumeClaim", (string?)volume["persistentVolumeClaim"]?["claimName"]);
            }

            foreach (JsonNode variable in pod.AllContainers.SelectMany(c => c["env"]?.AsArray() ?? [])!)
            {
                RequireSecret(rendered, (string?)variable["valueFrom"]?["secretKeyRef"]?["name"], (string?)variable["valueFrom"]?["secretKeyRef"]?["key"]);
            }

            HashSet<string?> volumes = [.. (pod.Spec["volumes"]?.AsArray() ?? []).Concat(pod.Workload["spec"]!["volumeClaimTemplates"]?.AsArray() ?? [])
                .Select(v => (string?)v!["name"] ?? (string?)v["metadata"]!["name"])];
            Assert.All(pod.AllContainers.SelectMany(c => c["volumeMounts"]?.AsArray() ?? []), mount => Assert.Contains((string?)mount!["name"], volumes));
        }
    }

    [KubectlTheory]
    [MemberData(nameof(Rendered.Names), MemberType = typeof(Rendered))]
    public void Every_service_reaches_pods_at_ports_they_have(string overlay)
    {
        Rendered rendered = Rendered.Of(overlay);
        Assert.All(rendered.OfKind("Service"), service =>
        {
            Pod[] pods = [.. rendered.Pods.Where(pod => service["spec"]!["selector"]!.AsObject().All(l => (string?)pod.Labels[l.Key] == (string?)l.Value))];
            Pod pod = Assert.Single(pods);
            Assert.All(service["spec"]!["ports"]!.AsArray(), port => Assert.Contains((string)port!["targetPort"]!, pod.Ports.Keys));
        });
        Assert.All(rendered.OfKind("StatefulSet"), set => Assert.NotNull(rendered.Find("Service", (string)set["spec"]!["serviceName"]!)));
    }

    [KubectlTheory]
    [MemberData(nameof(Rendered.Names), MemberType = typeof(Rendered))]
    public void Every_workload_has_a_disruption_budget_and_a_closed_network(string overlay)
    {
        Rendered rendered = Rendered.Of(overlay);
        JsonObject[] policies = [.. rendered.OfKind("NetworkPolicy")];
        Assert.All(rendered.Pods, pod =>
        {
            Assert.Single(rendered.OfKind("PodDisruptionBudget"), budget => Rendered.Selects(budget["spec"]!["selector"], pod.Labels));
            Assert.Contains(policies, policy => Rendered.Selects(policy["spec"]!["podSelector"], pod.Labels)
                && policy["spec"]!["ingress"] is null && policy["spec"]!["egress"] is null
                && policy["spec"]!["policyTypes"]!.AsArray().Count == 2);
            Assert.True(Rendered.Selects(pod.Workload["spec"]!["selector"], pod.Labels));
        });
    }

    [KubectlTheory]
    [MemberData(nameof(Rendered.Names), MemberType = typeof(Rendered))]
    public void Policies_open_ports_that_the_pods_behind_them_have_and_no_others(string overlay)
    {
        Rendered rendered = Rendered.Of(overlay);
        foreach (JsonObject policy in rendered.OfKind("NetworkPolicy"))
        {
            Pod[] pods = [.. rendered.Pods.Where(pod => Rendered.Selects(policy["spec"]!["podSelector"], pod.Labels))];
            Assert.NotEmpty(pods);
            foreach (JsonNode rule in (policy["spec"]!["ingress"]?.AsArray() ?? [])!)
            {
                Assert.NotEmpty(rule["from"]!.AsArray());
                Assert.All(rule["ports"]!.AsArray(), port => Assert.All(pods, pod => Assert.Contains((int)port!["port"]!, pod.Ports.Values)));
            }
        }
    }

    [KubectlTheory]
    [MemberData(nameof(Rendered.Names), MemberType = typeof(Rendered))]
    public void Who_must_speak_to_whom_may(string overlay)
    {
        Rendered rendered = Rendered.Of(overlay);
        Pod worker = rendered.Pods.Single(pod => pod.Component == "worker");
        Pod gateway = rendered.Pods.Single(pod => pod.Component == "gateway");
        Assert.All((int[])[worker.Ports["silo"], worker.Ports["grains"]], port =>
        {
            Assert.True(Allowed(rendered, gateway, worker, port) && Allowed(rendered, worker, gateway, port) && Allowed(rendered, worker, worker, port));
        });
        Assert.False(Allowed(rendered, gateway, worker, worker.Ports["http"]));
        foreach (Pod redis in rendered.Pods.Where(pod => !pod.IsOurs))
        {
            Assert.True(Allowed(rendered, worker, redis, redis.Ports["redis"]) && Allowed(rendered, gateway, redis, redis.Ports["redis"]));
            Assert.False(Allowed(rendered, redis, worker, worker.Ports["silo"]));
            Assert.False(Allowed(rendered, redis, redis, redis.Ports["redis"]));
        }
    }

    [KubectlTheory]
    [InlineData("gpu")]
    [InlineData("gpu-external-redis")]
    public void The_autoscaler_has_a_target_that_leaves_the_number_to_it(string overlay)
    {
        Rendered rendered = Rendered.Of(overlay);
        JsonObject scaler = Assert.Single(rendered.OfKind("HorizontalPodAutoscaler"));
        JsonNode target = scaler["spec"]!["scaleTargetRef"]!;
        JsonObject? gateway = rendered.Find((string)target["kind"]!, (string)target["name"]!);
        Assert.Null(gateway!["spec"]!["replicas"]);
        Assert.True((int)scaler["spec"]!["minReplicas"]! >= 2);
    }

    [KubectlTheory]
    [InlineData("gpu")]
    [InlineData("gpu-external-redis")]
    public void Prometheus_finds_a_service_port_of_every_worker_and_gateway(string overlay)
    {
        Rendered rendered = Rendered.Of(overlay);
        JsonObject monitor = Assert.Single(rendered.OfKind("ServiceMonitor"));
        JsonObject[] services = [.. rendered.OfKind("Service").Where(s => Rendered.Selects(monitor["spec"]!["selector"], s["metadata"]!["labels"]!.AsObject()))];
        Assert.Equal(["kvcluster", "kvcluster-worker"], services.Select(Rendered.NameOf).Order(StringComparer.Ordinal));
        Assert.All(monitor["spec"]!["endpoints"]!.AsArray(), endpoint => Assert.All(services, service =>
            Assert.Contains(service["spec"]!["ports"]!.AsArray(), port => (string?)port!["name"] == (string?)endpoint!["port"])));
    }

    [KubectlFact]
    public void Each_way_to_bring_a_model_gives_workers_and_gateways_the_same_folder()
    {
        foreach (string component in (string[])["model-pvc", "model-image", "model-download"])
        {
            string folder = Directory.CreateTempSubdirectory("kvcluster-k8s-").FullName;
            string Relative(string path) => Path.GetRelativePath(folder, Path.Combine(Rendered.Folder, path));
            File.WriteAllText(
                Path.Combine(folder, "kustomization.yaml"), $"resources: [{Relative("base")}]\ncomponents: [{Relative($"components/{component}")}]\n");
            Rendered rendered = Rendered.Render(folder);
            Assert.All(rendered.Pods, pod =>
            {
                string path = PodSettings.Of(rendered, pod).Model.Path;
                JsonNode mount = pod.Main["volumeMounts"]!.AsArray().Single(m => (string?)m!["mountPath"] == path)!;
                Assert.True((bool)mount["readOnly"]!);
                Assert.Contains(pod.Spec["volumes"]!.AsArray(), volume => (string?)volume!["name"] == (string?)mount["name"]);
            });
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Whether the policies let one pod reach another's port: out of the one and into the other.</summary>
    private static bool Allowed(Rendered rendered, Pod from, Pod to, int port)
    {
        bool Any(string direction, string side, Pod policed, Pod other) => rendered.OfKind("NetworkPolicy")
            .Where(policy => Rendered.Selects(policy["spec"]!["podSelector"], policed.Labels))
            .SelectMany(policy => policy["spec"]![direction]?.AsArray() ?? [])
            .Any(rule => rule![side]!.AsArray().Any(peer => peer!["namespaceSelector"] is null && peer["ipBlock"] is null
                    && Rendered.Selects(peer["podSelector"], other.Labels))
                && rule["ports"]!.AsArray().Any(p => (int)p!["port"]! == port));
        return Any("egress", "to", from, to) && Any("ingress", "from", to, from);
    }

    private static void RequireThere(Rendered rendered, string kind, string? name)
    {
        if (name is not null)
        {
            Assert.NotNull(rendered.Find(kind, name));
        }
    }

    /// <summary>A secret comes with the overlay, or the install page says how to make it, with this key.</summary>
    private static void RequireSecret(Rendered rendered, string? name, string? key)
    {
        if (name is null)
        {
            return;
        }

        if (rendered.Find("Secret", name) is { } secret)
        {
            Assert.True(key is null || secret["data"]!.AsObject().ContainsKey(key), $"{name}: {key}");
            return;
        }

        Assert.Contains($"create secret generic {name} ", Install, StringComparison.Ordinal);
        Assert.True(key is null || Install.Contains($"={key}", StringComparison.Ordinal) || Install.Contains($"{key}=", StringComparison.Ordinal), $"{name}: {key}");
    }
}
