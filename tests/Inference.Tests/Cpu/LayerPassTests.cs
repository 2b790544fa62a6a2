using KVCluster.Compression;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Tests.Cpu;

/// <summary>Tokens that go into a cache layer by layer, with other work in between.</summary>
public sealed class LayerPassTests
{
    private static readonly int[] Tokens = RandomModel.Tokens(90);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(37)]
    public void Layer_by_layer_is_bit_for_bit_a_whole_step_whatever_runs_in_between(int tail)
    {
        using var fixture = new BackendFixture(RandomModel.Create(RandomModel.Config()), own: true);
        CpuBackend backend = fixture.Backend;
        using KvCache whole = backend.CreateCache(new ObservationOptions());
        using KvCache layered = backend.CreateCache(new ObservationOptions());
        using KvCache other = backend.CreateCache(new ObservationOptions());
        fixture.Forward(whole, Tokens.AsMemory(0, 40));
        fixture.Forward(whole, Tokens.AsMemory(40, tail));
        fixture.Forward(layered, Tokens.AsMemory(0, 40));
        using ILayerPass pass = backend.BeginLayers(layered, Tokens.AsMemory(40, tail));
        for (int i = 0; pass.Step(); i++)
        {
            Assert.Equal(i + 1, pass.Layer);
            Assert.Equal(i + 1 == backend.Model.Layers ? 40 + tail : 40, layered.LogicalLength);
            fixture.Forward(other, Tokens.AsMemory(20 * i, 20));
        }

        Assert.Equal(backend.Model.Layers, pass.Layer);
        Assert.Equal(fixture.Forward(whole, Tokens.AsMemory(80, 1)), fixture.Forward(layered, Tokens.AsMemory(80, 1)));
        AttentionScores expected = backend.Observed(whole)!;
        AttentionScores observed = backend.Observed(layered)!;
        for (int i = 0; i < backend.Model.Layers * backend.Model.KvHeads; i++)
        {
            Assert.Equal(expected.Row(i / 2, i % 2).ToArray(), observed.Row(i / 2, i % 2).ToArray());
        }
    }

    [Fact]
    public void A_layer_needs_the_caches_rows_of_that_layer_only()
    {
        using var fixture = new BackendFixture(RandomModel.Create(RandomModel.Config()), own: true);
        CpuBackend backend = fixture.Backend;
        using KvCache origin = backend.CreateCache();
        using KvCache arriving = backend.CreateCache();
        fixture.Forward(origin, Tokens.AsMemory(0, 50));
        arriving.Restore(origin.Layout());
        using ILayerPass pass = backend.BeginLayers(arriving, Tokens.AsMemory(50, 20));
        for (int layer = 0; layer < backend.Model.Layers; layer++)
        {
            CopyLayer(backend, origin, arriving, layer);
            Assert.True(pass.Step());
        }

        fixture.Forward(origin, Tokens.AsMemory(50, 20));
        Assert.Equal(fixture.Forward(origin, Tokens.AsMemory(70, 1)), fixture.Forward(arriving, Tokens.AsMemory(70, 1)));
    }

    [Fact]
    public void A_pass_that_is_given_up_leaves_the_cache_as_it_was_once_it_is_cut_to_its_length()
    {
        using var fixture = new BackendFixture(RandomModel.Create(RandomModel.Config()), own: true);
        CpuBackend backend = fixture.Backend;
        using KvCache cache = backend.CreateCache();
        using KvCache expected = backend.CreateCache();
        fixture.Forward(cache, Tokens.AsMemory(0, 50));
        fixture.Forward(expected, Tokens.AsMemory(0, 50));
        long bytes = cache.Bytes;
        using (ILayerPass pass = backend.BeginLayers(cache, Tokens.AsMemory(0, 30)))
        {
            Assert.True(pass.Step());
        }

        cache.Truncate(cache.LogicalLength);
        Assert.Equal(bytes, cache.Bytes);
        Assert.Equal(fixture.Forward(expected, Tokens.AsMemory(70, 1)), fixture.Forward(cache, Tokens.AsMemory(70, 1)));
    }

    [Fact]
    public void More_tokens_than_a_step_takes_are_refused_and_more_than_there_is_room_for_change_nothing()
    {
        using var fixture = new BackendFixture(RandomModel.Create(RandomModel.Config()), tokens: 64, maxBatch: 80, own: true);
        using KvCache cache = fixture.Backend.CreateCache();
        Assert.Throws<ArgumentException>(() => fixture.Backend.BeginLayers(cache, Tokens));
        Assert.Throws<ArenaFullException>(() => fixture.Backend.BeginLayers(cache, Tokens.AsMemory(0, 80)));
        Assert.Equal(0, cache.Bytes);
    }

    private static void CopyLayer(CpuBackend backend, KvCache from, KvCache to, int layer)
    {
        ModelConfig model = backend.Model;
        var store = (CpuPageStore)backend.Pool.Store;
        for (int head = 0; head < model.KvHeads; head++)
        {
            float[] rows = new float[from.Length(layer, head) * model.HeadSize];
            backend.ReadKeys(from, layer, head, 0, from.Length(layer, head), rows);
            store.WriteRows(to.KeyPages(layer, head), 0, from.Length(layer, head), rows);
            backend.ReadValues(from, layer, head, 0, from.Length(layer, head), rows);
            store.WriteRows(to.ValuePages(layer, head), 0, from.Length(layer, head), rows);
        }
    }
}
