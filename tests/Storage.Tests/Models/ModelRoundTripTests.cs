using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.TestSupport;

namespace KVCluster.Storage.Tests.Models;

/// <summary>What a model says after its cache went through the store.</summary>
public sealed class ModelRoundTripTests
{
    public static TheoryData<KvElementType, SnapshotCodec, bool> Lossless() => new()
    {
        { KvElementType.F32, SnapshotCodec.Raw, false },
        { KvElementType.F32, SnapshotCodec.Packed, true },
        { KvElementType.BF16, SnapshotCodec.Raw, true },
        { KvElementType.BF16, SnapshotCodec.Packed, false },
        { KvElementType.Int8, SnapshotCodec.Raw, false },
    };

    [Theory]
    [MemberData(nameof(Lossless))]
    public async Task Logits_after_a_lossless_round_trip_are_equal_bit_for_bit(KvElementType type, SnapshotCodec codec, bool compress)
    {
        using LoadedModel model = ModelLoader.Open(TestPaths.Needle);
        using CpuBackend backend = ModelCaches.Backend(model, type, tokens: 400);
        var random = new Random(4);
        int[] tokens = [.. Enumerable.Range(0, 300).Select(_ => random.Next(model.Config.VocabularySize))];
        using KvCache original = backend.CreateCache(new ObservationOptions());
        ModelCaches.Append(backend, original, tokens);
        if (compress)
        {
            int[] kept = [.. Enumerable.Range(0, 300).Where(i => i % 3 != 1)];
            original.Compact(new(model.Config.Layers, model.Config.KvHeads, [.. Enumerable.Repeat(kept, backend.Pool.Geometry.Heads)]));
        }

        using KvCache copy = backend.CreateCache(new ObservationOptions());
        await ModelCaches.RoundTrip(model, original, copy, tokens, codec);
        int[] more = [.. tokens.Take(20)];
        Assert.Equal(ModelCaches.Append(backend, original, more), ModelCaches.Append(backend, copy, more));
        Assert.Equal(original.IsExact, copy.IsExact);
    }

    [Fact]
    public async Task Observation_begins_anew_after_a_load()
    {
        using LoadedModel model = ModelLoader.Open(TestPaths.Needle);
        using CpuBackend backend = ModelCaches.Backend(model, KvElementType.F32, tokens: 200);
        int[] tokens = [.. Enumerable.Range(1, 64)];
        using KvCache original = backend.CreateCache(new ObservationOptions());
        ModelCaches.Append(backend, original, tokens);
        using KvCache copy = backend.CreateCache(new ObservationOptions());
        await ModelCaches.RoundTrip(model, original, copy, tokens, SnapshotCodec.Raw);
        Assert.All(backend.Observed(copy)!.Row(0, 0).ToArray(), score => Assert.Equal(0, score));

        ModelCaches.Append(backend, copy, [5, 6, 7]);
        float[] seen = backend.Observed(copy)!.Row(0, 0).ToArray();
        Assert.Equal(67, seen.Length);
        Assert.True(seen.Max() > 0);
    }
}
