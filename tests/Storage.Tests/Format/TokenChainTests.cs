using KVCluster.Storage.Format;

namespace KVCluster.Storage.Tests.Format;

public sealed class TokenChainTests
{
    private static readonly int[] Tokens = [.. Enumerable.Range(0, 100).Select(i => i * i)];

    [Fact]
    public void The_chain_is_as_documented()
    {
        byte[] link = System.Security.Cryptography.SHA256.HashData("KVCluster token chain 1"u8);
        var input = new List<byte>(link);
        foreach (int token in Tokens[..32])
        {
            input.AddRange(BitConverter.GetBytes(token));
        }

        byte[] first = System.Security.Cryptography.SHA256.HashData(input.ToArray());
        byte[] second = System.Security.Cryptography.SHA256.HashData([.. first, .. BitConverter.GetBytes(Tokens[32])]);
        Assert.Equal([.. first[..16], .. second[..16]], TokenChain.Of(Tokens.AsSpan(0, 33)));
    }

    [Theory]
    [InlineData(100, 100, 100, 100)]
    [InlineData(100, 200, 100, 100)]
    [InlineData(100, 99, 99, 96)]
    [InlineData(100, 100, 99, 96)]
    [InlineData(100, 100, 64, 64)]
    [InlineData(100, 100, 63, 32)]
    [InlineData(100, 100, 31, 0)]
    [InlineData(100, 0, 0, 0)]
    [InlineData(20, 100, 100, 20)]
    [InlineData(20, 19, 19, 0)]
    [InlineData(64, 64, 64, 64)]
    public void As_many_tokens_agree_as_whole_links_do(int chained, int asked, int same, int agreeing)
    {
        byte[] chain = TokenChain.Of(Tokens.AsSpan(0, chained));
        int[] query = [.. Enumerable.Range(0, asked).Select(i => i < same && i < Tokens.Length ? Tokens[i] : -i - 1)];
        Assert.Equal(agreeing, TokenChain.Agreeing(chain, chained, query));
    }

    [Fact]
    public void Every_token_and_its_place_counts()
    {
        byte[] chain = TokenChain.Of(Tokens);
        for (int i = 0; i < Tokens.Length; i++)
        {
            int[] other = [.. Tokens];
            other[i] ^= 1 << (i % 31);
            Assert.True(TokenChain.Agreeing(chain, 100, other) <= i);
        }
    }
}
