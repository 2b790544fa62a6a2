namespace KVCluster.Grains.Tests.Prefixes;

public sealed class PrefixIndexTests
{
    [Fact]
    public void The_longest_match_is_found()
    {
        var index = new PrefixIndex(1000);
        index.Publish("short", 0, Chain(1, 2));
        index.Publish("long", 0, Chain(1, 2, 3, 4));
        Assert.Equal(new PrefixMatch("long", 4 * 32), index.Find(Chain(1, 2, 3, 4, 5)));
        Assert.Equal(3 * 32, index.Find(Chain(1, 2, 3, 9))!.Tokens);
        Assert.Null(index.Find(Chain(9, 1, 2)));
        Assert.Null(index.Find([]));
    }

    [Fact]
    public void Of_equal_matches_the_one_used_last_is_found()
    {
        var index = new PrefixIndex(1000);
        index.Publish("a", 0, Chain(1, 2));
        index.Publish("b", 0, Chain(1, 3));
        Assert.Equal("b", index.Find(Chain(1, 9))!.Session);
        _ = index.Find(Chain(1, 2));
        Assert.Equal("a", index.Find(Chain(1, 9))!.Session);
    }

    [Fact]
    public void A_session_that_leaves_takes_only_itself_along()
    {
        var index = new PrefixIndex(1000);
        index.Publish("a", 0, Chain(1, 2));
        index.Publish("b", 0, Chain(1, 2, 3));
        index.Withdraw("b");
        Assert.Equal(new PrefixMatch("a", 64), index.Find(Chain(1, 2, 3)));
        index.Withdraw("a");
        Assert.Null(index.Find(Chain(1)));
        Assert.Equal((0, 0), (index.Blocks, index.Sessions));
    }

    [Fact]
    public void Blocks_come_in_pieces_also_to_an_index_that_missed_the_first()
    {
        BlockHash[] chain = Chain(1, 2, 3, 4);
        var index = new PrefixIndex(1000);
        index.Publish("a", 2, chain.AsSpan(2, 1));
        index.Publish("a", 3, chain.AsSpan(3, 1));
        Assert.Equal(128, index.Find(chain)!.Tokens);
        index.Publish("a", 0, chain);
        Assert.Equal(4, index.Blocks);
        index.Publish("a", 0, chain);
        Assert.Equal(4, index.Blocks);
    }

    [Fact]
    public void It_stays_within_its_bound_and_forgets_what_was_used_longest_ago()
    {
        var index = new PrefixIndex(6);
        index.Publish("a", 0, Chain(1, 2));
        index.Publish("b", 0, Chain(3, 4));
        index.Publish("c", 0, Chain(5, 6));
        _ = index.Find(Chain(1, 2));
        index.Publish("d", 0, Chain(7));
        Assert.Null(index.Find(Chain(3)));
        Assert.Equal("a", index.Find(Chain(1, 2))!.Session);
        index.Publish("huge", 0, Chain(1, 2, 3, 4, 5, 6, 7));
        Assert.True(index.Blocks <= 6);
    }

    [Fact]
    public void It_agrees_with_a_plain_search_over_random_sessions()
    {
        var random = new Random(7);
        var index = new PrefixIndex(int.MaxValue);
        Dictionary<string, int[]> plain = [];
        for (int step = 0; step < 2000; step++)
        {
            string session = $"s{random.Next(6)}";
            if (random.Next(5) == 0)
            {
                index.Withdraw(session);
                plain.Remove(session);
            }
            else
            {
                int[] blocks = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => random.Next(2))];
                index.Publish(session, 0, Chain(blocks));
                plain[session] = blocks;
            }

            int[] wanted = [.. Enumerable.Range(0, 5).Select(_ => random.Next(2))];
            int longest = plain.Values.Select(have => have.AsSpan().CommonPrefixLength(wanted)).Append(0).Max();
            PrefixMatch? match = index.Find(Chain(wanted));
            Assert.Equal(longest * 32, match?.Tokens ?? 0);
            if (match is not null)
            {
                Assert.Equal(longest, plain[match.Session].AsSpan().CommonPrefixLength(wanted));
            }
        }
    }

    /// <summary>Hashes of blocks that are each 32 times one token.</summary>
    private static BlockHash[] Chain(params int[] blocks) =>
        BlockHashes.Of([.. blocks.SelectMany(block => Enumerable.Repeat(block, BlockHashes.BlockTokens))]);
}
