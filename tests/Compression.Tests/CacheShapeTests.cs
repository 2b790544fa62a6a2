namespace KVCluster.Compression.Tests;

public sealed class CacheShapeTests
{
    [Fact]
    public void A_whole_cache_equals_one_that_lists_all_positions()
    {
        CacheShape whole = CacheShape.Whole(2, 2, 5);
        CacheShape listed = new(2, 2, 5, Enumerable.Repeat(Enumerable.Range(0, 5).ToArray(), 4).ToArray());
        Assert.Equal((20, 20), (whole.TotalSlots, listed.TotalSlots));
        Assert.True(whole.IsUniform() && listed.IsUniform());
        for (int position = -1; position < 7; position++)
        {
            Assert.Equal(whole.SlotsBefore(1, 0, position), listed.SlotsBefore(1, 0, position));
        }
    }

    [Fact]
    public void Ragged_heads_are_found_and_searched()
    {
        CacheShape shape = new(2, 2, 10, [[1, 4], [0, 9], [3], []]);
        Assert.False(shape.IsUniform());
        Assert.False(shape.IsEvenInLayers());
        Assert.True(shape.IsEven(0));
        Assert.Equal([0, 1, 1, 2], new[] { 1, 2, 4, 10 }.Select(position => shape.SlotsBefore(0, 0, position)));
        Assert.Equal(9, shape.Position(0, 1, 1));
    }

    [Fact]
    public void Positions_that_lie_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new CacheShape(1, 1, 5, [[0, 0]]));
        Assert.Throws<ArgumentException>(() => new CacheShape(1, 1, 5, [[2, 1]]));
        Assert.Throws<ArgumentException>(() => new CacheShape(1, 1, 5, [[-1]]));
        Assert.Throws<ArgumentException>(() => new CacheShape(1, 1, 5, [[5]]));
        Assert.Throws<ArgumentException>(() => new CacheShape(1, 2, 5, [[0]]));
    }
}
