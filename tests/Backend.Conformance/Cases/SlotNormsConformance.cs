using KVCluster.Backend.Conformance.Support;
using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Compression.Scores;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tests.Cpu;
using KVCluster.TestSupport;

namespace KVCluster.Backend.Conformance.Cases;

/// <summary>Norms of slots a policy names, and their bounds, against the norms of all.</summary>
public abstract class SlotNormsConformance(TestBackend backend)
{
    [Theory]
    [InlineData(VectorNorm.L1, 40, KvElementType.F32)]
    [InlineData(VectorNorm.L1, 77, KvElementType.Int8)]
    [InlineData(VectorNorm.L1, 10, KvElementType.F32)]
    [InlineData(VectorNorm.L2, 77, KvElementType.BF16)]
    public void They_are_the_means_of_all_norms_and_no_more_than_their_bounds(VectorNorm norm, int hidden, KvElementType type)
    {
        ModelConfig config = RandomModel.Config(hidden: hidden);
        using var fixture = new BackendFixture(backend, RandomModel.Create(config), type);
        using KvCache cache = fixture.Backend.CreateCache();
        fixture.Forward(cache, RandomModel.Tokens(133));
        cache.Compact(RandomPlans.Of(cache, 3));
        AttentionScores all = ScoreOperations.GroupToKvHeads(fixture.Backend.ProjectedValueNorms(cache, norm), config.KvHeads);
        ISlotNorms named = fixture.Backend.SlotNorms(cache, norm);
        AttentionScores bounds = named.UpperBounds();
        for (int i = 0; i < config.Layers * config.KvHeads; i++)
        {
            int layer = i / config.KvHeads;
            int head = i % config.KvHeads;
            float[] norms = all.Row(layer, head).ToArray();
            int[] slots = [.. Enumerable.Range(0, norms.Length).Where(s => (s % 7 < 3) != (i == 1))];
            float[] read = new float[slots.Length];
            named.Read(layer, head, slots, read);
            float[] expected = Array.ConvertAll(slots, s => norms[s]);
            Compare.Within(1e-5 * Compare.LargestMagnitude(expected), read, expected, $"head {i}");
            for (int s = 0; s < norms.Length; s++)
            {
                // No tighter than rounding lets it be, and no looser than Cauchy and Schwarz are on noise.
                Assert.InRange(bounds.Row(layer, head)[s], norms[s] * (1 - 1e-6f), norms[s] * 2);
            }
        }
    }

    [Fact]
    public void None_are_read_of_a_cache_that_has_changed()
    {
        using var fixture = new BackendFixture(backend, RandomModel.Create(RandomModel.Config()));
        using KvCache cache = fixture.Backend.CreateCache();
        fixture.Forward(cache, RandomModel.Tokens(20));
        ISlotNorms named = fixture.Backend.SlotNorms(cache, VectorNorm.L1);
        fixture.Forward(cache, RandomModel.Tokens(1));
        Assert.Throws<InvalidOperationException>(() => named.Read(0, 0, [1, 2], new float[2]));
    }
}
