using KVCluster.Inference;
using KVCluster.Inference.Cpu;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Serving;

namespace KVCluster.Silo.Tests.Serving;

public sealed class BackendsTests
{
    [Theory]
    [InlineData("")]
    [InlineData("cpu")]
    public void The_cpu_backend_runs_on_the_cpu(string device) =>
        Assert.Same(CpuBackendFactory.Instance, Backends.Of(new ModelSettings { Device = device }, 0));

    [Fact]
    public void The_cpu_backend_refuses_a_gpu_by_its_name() => Assert.Contains(
        "'cuda:0'", Assert.Throws<InputException>(() => Backends.Of(new ModelSettings { Device = "cuda:0" }, 0)).Message, StringComparison.Ordinal);

#if TORCH
    [Theory]
    [InlineData("", 2, "cuda:2")]
    [InlineData("cuda", 1, "cuda:1")]
    [InlineData("cuda:3", 1, "cuda:3")]
    [InlineData("cpu", 1, "cpu:0")]
    public void The_torch_backend_gives_each_node_a_device(string device, int node, string expected) =>
        Assert.Equal(expected, Backends.Of(new ModelSettings { Backend = BackendKind.Torch, Device = device }, node).Device);
#else
    [Fact]
    public void A_build_without_the_torch_backend_says_how_to_build_it() => Assert.Contains(
        "-p:Backend=torch",
        Assert.Throws<InputException>(() => Backends.Of(new ModelSettings { Backend = BackendKind.Torch }, 0)).Message,
        StringComparison.Ordinal);
#endif
}
