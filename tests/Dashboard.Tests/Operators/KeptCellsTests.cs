using KVCluster.Grains;
using KVCluster.Silo.Operators;

namespace KVCluster.Dashboard.Tests.Operators;

public sealed class KeptCellsTests
{
    // Two rows of ten positions: the first keeps 0, 1 and 9, the second everything.
    private static readonly KeptMap Map = new() { Positions = 10, Layers = 2, KvHeads = 1, Bits = [0b0000_0011, 0b10, 0xff, 0b11] };

    [Fact]
    public void Cells_are_shares_of_their_positions() => Assert.Equal([102, 51, 255, 255], KeptCells.Cells(Map, 2));

    [Fact]
    public void Rows_and_tokens_are_counted()
    {
        Assert.Equal([3, 10], KeptCells.KeptPerRow(Map));
        Assert.Equal([255, 255, 127, 127], KeptCells.PerToken(Map, 0, 4));
        Assert.Equal([255, 0], KeptCells.PerToken(Map, 9, 2));
    }

    [Fact]
    public void A_cache_without_bits_keeps_everything()
    {
        var whole = new KeptMap { Positions = 4, Layers = 1, KvHeads = 2, Bits = [] };
        Assert.Equal([4, 4], KeptCells.KeptPerRow(whole));
        Assert.All(KeptCells.Cells(whole, 4), cell => Assert.Equal(255, cell));
    }
}
