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

    [Fact]
    public void The_cpu_backend_refuses_a_type_to_compute_in() => Assert.Contains(
        "Model:ComputeType",
        Assert.Throws<InputException>(() => Backends.Of(new ModelSettings { ComputeType = ComputeKind.F16 }, 0)).Message,
        StringComparison.Ordinal);

#if TORCH
    [Theory]
    [InlineData("", 2, "cuda:2")]
    [InlineData("cuda", 1, "cuda:1")]
    [InlineData("cuda:3", 0, "cuda:3")]
    [InlineData("cpu", 1, "cpu:0")]
    public void The_torch_backend_gives_each_node_a_device(string device, int node, string expected) =>
        Assert.Equal(expected, Backends.Of(new ModelSettings { Backend = BackendKind.Torch, Device = device }, node).Device);

    [Fact]
    public void One_gpu_is_refused_for_a_second_node() => Assert.Contains(
        "'cuda:3'",
        Assert.Throws<InputException>(() => Backends.Of(new ModelSettings { Backend = BackendKind.Torch, Device = "cuda:3" }, 1)).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData(ComputeKind.Auto)]
    [InlineData(ComputeKind.F32)]
    [InlineData(ComputeKind.BF16)]
    [InlineData(ComputeKind.F16)]
    public void The_torch_backend_takes_every_type(object type) => Assert.Equal(
        "cpu:0", Backends.Of(new ModelSettings { Backend = BackendKind.Torch, Device = "cpu", ComputeType = (ComputeKind)type }, 0).Device);
#else
    [Fact]
    public void A_build_without_the_torch_backend_says_how_to_build_it() => Assert.Contains(
        "-p:Backend=torch",
        Assert.Throws<InputException>(() => Backends.Of(new ModelSettings { Backend = BackendKind.Torch }, 0)).Message,
        StringComparison.Ordinal);
#endif
}
