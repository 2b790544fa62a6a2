namespace KVCluster.Grains.Tests.Prefixes;

public sealed class BlockHashesTests
{
    private static readonly int[] Tokens = [.. Enumerable.Range(0, 200)];

    [Fact]
    public void Only_whole_blocks_have_a_hash()
    {
        Assert.Empty(BlockHashes.Of(Tokens.AsSpan(0, 31)));
        Assert.Equal(6, BlockHashes.Of(Tokens).Length);
    }

    [Fact]
    public void A_chain_goes_on_where_it_was_left()
    {
        BlockHash[] begin = BlockHashes.Of(Tokens.AsSpan(0, 64));
        BlockHash[] rest = BlockHashes.Extend(begin[^1], Tokens.AsSpan(64));
        Assert.Equal(BlockHashes.Of(Tokens), begin.Concat(rest));
    }

    [Fact]
    public void A_token_changes_its_block_and_all_behind_it()
    {
        int[] other = [.. Tokens];
        other[40]++;
        BlockHash[] before = BlockHashes.Of(Tokens);
        BlockHash[] after = BlockHashes.Of(other);
        Assert.Equal(before[0], after[0]);
        Assert.All(Enumerable.Range(1, 5), i => Assert.NotEqual(before[i], after[i]));
    }
}
