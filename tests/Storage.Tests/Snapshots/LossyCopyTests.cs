using KVCluster.Inference.Kv;
using KVCluster.Storage.Tests.Support;

namespace KVCluster.Storage.Tests.Snapshots;

public sealed class LossyCopyTests
{
    private static readonly int[] History = ColdFixture.Tokens(150);

    public static TheoryData<KvElementType, SnapshotCodec> Cases() => new()
    {
        { KvElementType.F32, SnapshotCodec.BFloat16 },
        { KvElementType.F32, SnapshotCodec.PackedBFloat16 },
        { KvElementType.F32, SnapshotCodec.Int8 },
        { KvElementType.F32, SnapshotCodec.Int4 },
        { KvElementType.BF16, SnapshotCodec.Int8 },
        { KvElementType.BF16, SnapshotCodec.Int4 },
        { KvElementType.Int8, SnapshotCodec.Int4 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Errors_are_within_what_the_codec_states(KvElementType type, SnapshotCodec codec)
    {
        await using var cold = new ColdFixture(type, ColdFixture.Small with { Codec = codec });
        using KvCache original = cold.Arena.Cache(History);
        await cold.PublishedAsync(original, History);
        var (load, copy) = await cold.LoadAsync(cold.Query(History));
        Assert.Null(load.Miss);
        Assert.False(copy.IsExact);
        AssertWithin(codec, cold.Arena, original, copy);
        copy.Dispose();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_lossy_copy_is_never_exact(KvElementType type, SnapshotCodec codec)
    {
        await using var cold = new ColdFixture(type, ColdFixture.Small with { Codec = codec });
        using KvCache original = cold.Arena.Cache(History);
        await cold.PublishedAsync(original, History);
        Assert.Equal(MissCause.NotExact, await cold.MissAsync(cold.Query(History, exactOnly: true)));
        SnapshotLookup found = await cold.Store.FindAsync(cold.Query(History.AsMemory(0, 100)), CancellationToken.None);
        Assert.Equal((96, false), (found.Tokens, found.IsExact));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task What_was_loaded_is_not_written_again(KvElementType type, SnapshotCodec codec)
    {
        await using var cold = new ColdFixture(type, ColdFixture.Small with { Codec = codec });
        using KvCache original = cold.Arena.Cache(History);
        await cold.PublishedAsync(original, History);
        var (_, copy) = await cold.LoadAsync(cold.Query(History));
        int[] longer = [.. History, 7, 8];
        cold.Arena.Append(copy, [7, 8]);
        SnapshotSave save = await cold.SaveAsync(copy, longer);
        Assert.Equal(SaveOutcome.Published, save.Outcome);
        Assert.InRange(save.WrittenBytes, 1, save.StoredBytes / 20);

        var (_, again) = await cold.LoadAsync(cold.Query(longer));
        copy.Truncate(150);
        again.Truncate(150);
        cold.Arena.AssertSame(copy, again);
        copy.Dispose();
        again.Dispose();
    }

    [Fact]
    public async Task A_lossless_codec_does_not_build_on_lossy_frames()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small with { Codec = SnapshotCodec.Int4 });
        using KvCache original = cold.Arena.Cache(History);
        await cold.PublishedAsync(original, History);
        await cold.ReopenAsync(ColdFixture.Small);
        await cold.PublishedAsync(original, History);
        var (_, copy) = await cold.LoadAsync(cold.Query(History, exactOnly: true));
        cold.Arena.AssertSame(original, copy);
        copy.Dispose();
    }

    [Theory]
    [InlineData(SnapshotCodec.BFloat16)]
    [InlineData(SnapshotCodec.PackedBFloat16)]
    [InlineData(SnapshotCodec.Packed)]
    [InlineData(SnapshotCodec.Int8)]
    [InlineData(SnapshotCodec.Int4)]
    public async Task Zeros_and_numbers_that_are_none_come_back_as_such(SnapshotCodec codec)
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small with { Codec = codec });
        using KvCache original = cold.Arena.Cache(History);
        var zeros = new float[24];
        var broken = new float[24];
        broken[5] = float.NaN;
        var endless = new float[24];
        endless[6] = float.NegativeInfinity;
        cold.Arena.Store.StoreRow(original.KeyPages(1, 1)[0], 3, zeros);
        cold.Arena.Store.StoreRow(original.KeyPages(1, 1)[0], 4, broken);
        cold.Arena.Store.StoreRow(original.KeyPages(1, 1)[0], 5, endless);
        await cold.PublishedAsync(original, History);
        var (_, copy) = await cold.LoadAsync(cold.Query(History));
        float[] keys = cold.Arena.Rows(copy)[3];
        double slack = codec == SnapshotCodec.Int4 ? 1 : 0;
        Assert.All(keys[(3 * 24)..(4 * 24)], x => Assert.True(Math.Abs(x) <= slack || float.IsNaN(x)));
        Assert.True(float.IsNaN(keys[(4 * 24) + 5]));
        Assert.False(float.IsFinite(keys[(5 * 24) + 6]));
        copy.Dispose();
    }

    private static void AssertWithin(SnapshotCodec codec, TestArena arena, KvCache original, KvCache copy)
    {
        float[][] want = arena.Rows(original);
        float[][] got = arena.Rows(copy);
        int size = arena.Geometry.HeadSize;
        double arenaRounding = arena.Geometry.ElementType switch
        {
            KvElementType.BF16 => 1.0 / 256,
            KvElementType.Int8 => 1.0 / 254,
            _ => 1e-7,
        };
        for (int i = 0; i < want.Length; i++)
        {
            int rows = want[i].Length / 2 / size;
            for (int k = 0; k < want[i].Length; k++)
            {
                float[] row = want[i][(k / size * size)..(((k / size) + 1) * size)];
                double largest = row.Max(Math.Abs);
                double stated = codec switch
                {
                    SnapshotCodec.BFloat16 or SnapshotCodec.PackedBFloat16 => Math.Abs(want[i][k]) / 256,
                    SnapshotCodec.Int8 => largest / 254,
                    _ => Spread(k / size < rows ? KeyGroup(want[i], k, size, rows) : row) / 29,
                };
                Assert.InRange(Math.Abs(want[i][k] - got[i][k]), 0, (stated * 1.00001) + (arenaRounding * 1.1 * largest));
            }
        }
    }

    private static double Spread(float[] group) => group.Max() - group.Min() + (Math.Abs(group.Min()) / 128);

    /// <summary>The slots of one channel that share a frame of 64 with a number.</summary>
    private static float[] KeyGroup(float[] rows, int index, int size, int count)
    {
        int first = index / size / 64 * 64;
        return [.. Enumerable.Range(first, Math.Min(64, count - first)).Select(slot => rows[(slot * size) + (index % size)])];
    }
}
