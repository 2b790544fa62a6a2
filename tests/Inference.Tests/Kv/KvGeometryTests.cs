using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Tests.Kv;

public class KvGeometryTests
{
    [Theory]
    [InlineData(KvElementType.F32, 64, 32, 256, 8192, 0)]
    [InlineData(KvElementType.BF16, 64, 32, 128, 4096, 0)]
    [InlineData(KvElementType.Int8, 64, 32, 64, 2176, 4)]
    [InlineData(KvElementType.BF16, 10, 16, 20, 320, 0)]
    [InlineData(KvElementType.Int8, 3, 16, 3, 128, 4)]
    public void Bytes_follow_from_rows(KvElementType type, int headSize, int pageTokens, int rowBytes, int pageBytes, int scaleBytes)
    {
        var geometry = new KvGeometry(3, 5, headSize, type, pageTokens);
        Assert.Equal(rowBytes, geometry.RowBytes);
        Assert.Equal(pageBytes, geometry.PageBytes);
        Assert.Equal(3 * 5 * 2 * (rowBytes + scaleBytes), geometry.BytesPerToken);
        Assert.Equal(pageBytes / 4, geometry.BiasSlots);
        Assert.Equal(geometry, new KvGeometry(3, 5, headSize, type, pageTokens));
    }

    [Theory]
    [InlineData(0, 1, 8, 16)]
    [InlineData(1, 0, 8, 16)]
    [InlineData(1, 1, 0, 16)]
    [InlineData(1, 1, 8, 0)]
    [InlineData(1, 1, 8, 24)]
    [InlineData(1, 1, -8, 16)]
    public void Impossible_shapes_are_refused(int layers, int heads, int size, int pageTokens) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new KvGeometry(layers, heads, size, KvElementType.F32, pageTokens));

    [Fact]
    public void Sizes_that_overflow_are_refused()
    {
        Assert.Throws<OverflowException>(() => new KvGeometry(1, 1, int.MaxValue, KvElementType.F32));
        Assert.Throws<ArgumentOutOfRangeException>(() => new KvGeometry(1, 1, 8, (KvElementType)77));
    }

    [Fact]
    public void Capacity_counts_whole_pages()
    {
        var geometry = new KvGeometry(2, 3, 16, KvElementType.F32, 16);
        Assert.Equal(0, KvCapacity.PagesFor(geometry, 0));
        Assert.Equal(12, KvCapacity.PagesFor(geometry, 1));
        Assert.Equal(12, KvCapacity.PagesFor(geometry, 16));
        Assert.Equal(24, KvCapacity.PagesFor(geometry, 17));
        Assert.Equal(24L * geometry.PageBytes, KvCapacity.BytesFor(geometry, 17));
        for (int tokens = 0; tokens < 100; tokens++)
        {
            int fits = KvCapacity.MaxTokens(geometry, KvCapacity.BytesFor(geometry, tokens));
            Assert.Equal((tokens + 15) / 16 * 16, fits);
        }

        Assert.Equal(0, KvCapacity.MaxTokens(geometry, (12L * geometry.PageBytes) - 1));
        Assert.Equal(int.MaxValue, KvCapacity.MaxTokens(geometry, long.MaxValue));
        Assert.Equal(7, KvCapacity.PagesIn(geometry, (7L * geometry.PageBytes) + 5));
        Assert.Throws<InputException>(() => KvCapacity.PagesIn(geometry, geometry.PageBytes - 1));
        Assert.Throws<InputException>(() => KvCapacity.PagesIn(geometry, long.MaxValue));
    }
}
