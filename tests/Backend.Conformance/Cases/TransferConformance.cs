using KVCluster.Backend.Conformance.Support;
using KVCluster.Compression;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tests.Cpu;
using KVCluster.TestSupport;

namespace KVCluster.Backend.Conformance.Cases;

/// <summary>Pages that leave the device and come back, to the same backend or to the CPU's: their bytes are one format.</summary>
public abstract class TransferConformance(TestBackend backend)
{
    public static TheoryData<KvElementType, double> Types => new()
    {
        { KvElementType.F32, 2e-4 },
        { KvElementType.BF16, 0.05 },
        { KvElementType.Int8, 0.1 },
    };

    [Theory]
    [MemberData(nameof(Types))]
    public void A_cache_exported_and_imported_goes_on_as_the_original(KvElementType type, double tolerance)
    {
        _ = tolerance;
        using var fixture = new BackendFixture(backend, RandomModel.Create(RandomModel.Config()), type);
        using KvCache origin = Ragged(fixture);
        using KvCache copy = Copy(origin, fixture);
        int[] question = RandomModel.Tokens(20, 7);
        Assert.Equal(fixture.Forward(origin, question), fixture.Forward(copy, question));
        copy.Dispose();
        fixture.Backend.Pool.CheckIntegrity();
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Pages_of_this_backend_are_pages_of_the_cpu_backend(KvElementType type, double tolerance)
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        using var fixture = new BackendFixture(backend, model, type);
        using var cpu = new BackendFixture(CpuTestBackend.Instance, model, type);
        using KvCache origin = Ragged(fixture);
        using KvCache there = Copy(origin, cpu);
        using KvCache back = Copy(there, fixture);
        AssertEqualRows(fixture, origin, cpu, there);
        AssertEqualRows(fixture, origin, fixture, back);
        int[] question = RandomModel.Tokens(20, 7);
        Compare.Within(tolerance, fixture.Forward(back, question), cpu.Forward(there, question), "logits");
    }

    [Fact]
    public void Rows_are_stored_as_the_cpu_backend_stores_them()
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        foreach (KvElementType type in Enum.GetValues<KvElementType>())
        {
            using var fixture = new BackendFixture(backend, model, type);
            using var cpu = new BackendFixture(CpuTestBackend.Instance, model, type);
            using KvCache cache = fixture.Backend.CreateCache();
            using KvCache expected = cpu.Backend.CreateCache();
            fixture.Forward(cache, RandomModel.Tokens(40));
            cpu.Forward(expected, RandomModel.Tokens(40));
            float[] key = Sine(model.Config.HeadSize, 3);
            float[] zero = new float[model.Config.HeadSize];
            fixture.Backend.WriteSlot(cache, 1, 1, 7, key, zero, 0.5f);
            cpu.Backend.WriteSlot(expected, 1, 1, 7, key, zero, 0.5f);
            Assert.Equal(Rows(cpu, expected, 1, 1, keys: true)[(7 * key.Length)..(8 * key.Length)], Rows(fixture, cache, 1, 1, keys: true)[(7 * key.Length)..(8 * key.Length)]);
            Assert.All(Rows(fixture, cache, 1, 1, keys: false)[(7 * key.Length)..(8 * key.Length)], v => Assert.Equal(0, v));
            float[] biases = new float[40];
            fixture.Backend.ReadBiases(cache, 1, 1, biases);
            Assert.Equal(0.5f, biases[7]);
            Assert.Equal(0.5f, biases.Sum());
        }
    }

    [Fact]
    public void A_broken_row_decodes_to_numbers_that_show_it()
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        using var fixture = new BackendFixture(backend, model, KvElementType.Int8);
        using KvCache cache = fixture.Backend.CreateCache();
        fixture.Forward(cache, RandomModel.Tokens(5));
        float[] broken = Sine(model.Config.HeadSize, 1);
        broken[3] = float.PositiveInfinity;
        fixture.Backend.WriteSlot(cache, 0, 0, 2, broken, broken, 0);
        Assert.All(Rows(fixture, cache, 0, 0, keys: true)[(2 * broken.Length)..(3 * broken.Length)], v => Assert.True(float.IsNaN(v)));
    }

    [Fact]
    public void A_broken_sequence_does_not_reach_those_that_get_its_pages()
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        using var fixture = new BackendFixture(backend, model, tokens: 128);
        float[] nan = Enumerable.Repeat(float.NaN, model.Config.HeadSize).ToArray();
        using (KvCache broken = fixture.Backend.CreateCache())
        {
            fixture.Forward(broken, RandomModel.Tokens(64));
            for (int i = 0; i < 64 * 6; i++)
            {
                fixture.Backend.WriteSlot(broken, i / 128, i / 64 % 2, i % 64, nan, nan, 0);
            }
        }

        using KvCache next = fixture.Backend.CreateCache();
        Assert.All(fixture.Forward(next, RandomModel.Tokens(37)), v => Assert.True(float.IsFinite(v)));
        Assert.All(fixture.Forward(next, RandomModel.Tokens(1)), v => Assert.True(float.IsFinite(v)));
    }

    /// <summary>Compacted, with biases in one head.</summary>
    private static KvCache Ragged(BackendFixture fixture)
    {
        KvCache cache = fixture.Backend.CreateCache();
        fixture.Forward(cache, RandomModel.Tokens(90));
        cache.Compact(RandomPlans.Of(cache, 3));
        cache.EnableBias(1, 0);
        cache.SetBias(1, 0, 4, [0.7f, -1.5f, 2f]);
        return cache;
    }

    private static KvCache Copy(KvCache from, BackendFixture to)
    {
        KvCache copy = to.Backend.CreateCache();
        copy.Restore(from.Layout());
        KvGeometry g = from.Geometry;
        for (int i = 0; i < g.Heads; i++)
        {
            int layer = i / g.KvHeads;
            int head = i % g.KvHeads;
            Copy(from, from.KeyPages(layer, head), copy, copy.KeyPages(layer, head));
            Copy(from, from.ValuePages(layer, head), copy, copy.ValuePages(layer, head));
            Copy(from, from.BiasPages(layer, head), copy, copy.BiasPages(layer, head));
        }

        return copy;
    }

    private static void Copy(KvCache from, ReadOnlySpan<int> source, KvCache to, ReadOnlySpan<int> target)
    {
        byte[] bytes = new byte[target.Length * from.Geometry.PageBytes];
        from.Pool.Store.ExportPages(source[..target.Length], bytes);
        to.Pool.Store.ImportPages(target, bytes);
    }

    private static void AssertEqualRows(BackendFixture a, KvCache left, BackendFixture b, KvCache right)
    {
        KvGeometry g = left.Geometry;
        for (int i = 0; i < g.Heads; i++)
        {
            int layer = i / g.KvHeads;
            int head = i % g.KvHeads;
            Assert.Equal(Rows(a, left, layer, head, keys: true), Rows(b, right, layer, head, keys: true));
            Assert.Equal(Rows(a, left, layer, head, keys: false), Rows(b, right, layer, head, keys: false));
            var biases = new float[left.Length(layer, head)];
            var others = new float[biases.Length];
            a.Backend.ReadBiases(left, layer, head, biases);
            b.Backend.ReadBiases(right, layer, head, others);
            Assert.Equal(biases, others);
        }
    }

    private static float[] Rows(BackendFixture fixture, KvCache cache, int layer, int head, bool keys)
    {
        int count = cache.Length(layer, head);
        var rows = new float[count * cache.Geometry.HeadSize];
        if (keys)
        {
            fixture.Backend.ReadKeys(cache, layer, head, 0, count, rows);
        }
        else
        {
            fixture.Backend.ReadValues(cache, layer, head, 0, count, rows);
        }

        return rows;
    }

    private static float[] Sine(int count, float scale) => [.. Enumerable.Range(1, count).Select(i => scale * MathF.Sin(i))];
}
