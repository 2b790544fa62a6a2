using KVCluster.Inference;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tests.Cpu;
using KVCluster.Inference.Torch;

namespace KVCluster.Backend.Conformance.Torch;

public sealed class TorchDeviceTests
{
    [Theory]
    [InlineData("gpu")]
    [InlineData("cuda:x")]
    [InlineData("cuda:-1")]
    [InlineData("")]
    public void A_device_that_is_none_is_refused_by_its_name(string device)
    {
        InputException e = Assert.Throws<InputException>(() => Open(device));
        Assert.Contains($"'{device}'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cuda_device_that_is_not_there_is_refused_with_what_to_install()
    {
        // Real on machines without a GPU; with some, the number is beyond them.
        InputException e = Assert.Throws<InputException>(() => Open("cuda:77"));
        Assert.True(
            e.Message.Contains("NVIDIA driver", StringComparison.Ordinal) || e.Message.Contains("no device cuda:77", StringComparison.Ordinal), e.Message);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(1L << 50)]
    public void An_arena_too_small_or_beyond_the_machine_is_refused(long bytes)
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        Assert.Throws<InputException>(() => new TorchBackend(model, TorchTestBackend.Options(KvElementType.F32, bytes)).Dispose());
    }

    [Fact]
    public void An_arena_without_bytes_takes_its_share_of_the_free_memory()
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        using var backend = new TorchBackend(
            model, TorchTestBackend.Options(KvElementType.F32, 1) with { ArenaBytes = null, MemoryFraction = 0.001 });
        Assert.InRange(backend.Pool.Ledger.Snapshot().TotalBytes, 1 << 16, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 500);
        Assert.Equal(backend.Pool.Ledger.Snapshot().TotalBytes, backend.Memory.ArenaBytes);
    }

    [Fact]
    public void The_factory_opens_what_its_settings_say()
    {
        var factory = new TorchBackendFactory("cpu");
        var settings = new BackendSettings { UsualArenaBytes = 1 << 20, KvType = KvElementType.Int8, PageTokens = 16, MaxBatchTokens = 7 };
        using var backend = (TorchBackend)factory.Open(RandomModel.Create(RandomModel.Config()), settings);
        Assert.Equal(("cpu:0", "cpu", 7, 16), (factory.Device, backend.Device, backend.MaxBatchTokens, backend.Pool.Geometry.PageTokens));
        Assert.Equal(KvElementType.Int8, backend.Pool.Geometry.ElementType);
    }

    [Fact]
    public void The_factory_computes_in_the_type_it_is_told()
    {
        var settings = new BackendSettings { UsualArenaBytes = 1 << 20 };
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        using var whole = (TorchBackend)new TorchBackendFactory("cpu").Open(model, settings);
        using var half = (TorchBackend)new TorchBackendFactory("cpu", computeType: TorchComputeType.BF16).Open(model, settings);
        Assert.InRange(half.Memory.WeightBytes, whole.Memory.WeightBytes / 2, whole.Memory.WeightBytes * 3 / 4);
    }

    [Fact]
    public void A_type_that_the_device_cannot_compute_in_is_refused_by_its_name()
    {
        // libtorch 1.13 has no float16 products on a CPU; later ones have.
        var factory = new TorchBackendFactory("cpu", computeType: TorchComputeType.F16);
        try
        {
            using IInferenceBackend backend = factory.Open(RandomModel.Create(RandomModel.Config()), new BackendSettings { UsualArenaBytes = 1 << 20 });
            using KvCache cache = backend.CreateCache();
            backend.Forward([new ForwardRequest(cache) { Tokens = RandomModel.Tokens(3), Logits = LogitsRows.None }]);
            Assert.Equal(3, cache.LogicalLength);
        }
        catch (InputException e)
        {
            Assert.StartsWith("cpu cannot compute in Float16: ", e.Message, StringComparison.Ordinal);
        }
    }

    private static void Open(string device) => new TorchBackend(
        RandomModel.Create(RandomModel.Config()), TorchTestBackend.Options(KvElementType.F32, 1 << 20) with { Device = device }).Dispose();
}
