using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Tests.Cpu;

/// <summary>What the CPU backend alone promises; tests/Backend.Conformance has what every backend does.</summary>
public sealed class CpuBackendTests
{
    [Theory]
    [InlineData(100)]
    [InlineData(1L << 50)]
    public void An_arena_too_small_or_beyond_the_machine_is_refused_by_its_size(long bytes)
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        InputException refused = Assert.Throws<InputException>(() => new CpuBackend(model, new CpuBackendOptions { ArenaBytes = bytes }));
        Assert.Contains(bytes.ToString(System.Globalization.CultureInfo.InvariantCulture), refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(KvElementType.F32)]
    [InlineData(KvElementType.Int8)]
    public void A_decoded_token_allocates_no_managed_memory(KvElementType type)
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        using var fixture = new BackendFixture(model, type, pageTokens: 64);
        using KvCache cache = fixture.Backend.CreateCache(new ObservationOptions());
        int[] tokens = RandomModel.Tokens(60);
        var request = new ForwardRequest(cache) { LogitsDestination = new float[fixture.Vocabulary] };
        ForwardRequest[] batch = [request];
        long allocated = 0;
        for (int i = 0; i < tokens.Length; i++)
        {
            request.Tokens = tokens.AsMemory(i, 1);
            long before = GC.GetTotalAllocatedBytes(precise: true);
            fixture.Backend.Forward(batch);

            // The first tokens make the page lists, the rows' room and the code itself.
            allocated += i < 30 ? 0 : GC.GetTotalAllocatedBytes(precise: true) - before;
        }

        Assert.True(allocated < 30 * 64, $"{allocated} bytes for 30 tokens");
    }
}
