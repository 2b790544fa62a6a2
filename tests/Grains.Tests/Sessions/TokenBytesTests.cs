using FsCheck;
using FsCheck.Fluent;
using KVCluster.Inference;

namespace KVCluster.Grains.Tests.Sessions;

public sealed class TokenBytesTests
{
    [Fact]
    public void Any_history_comes_back_however_it_was_put_together()
    {
        Prop.ForAll<int[], int[]>((first, second) =>
        {
            byte[] bytes = TokenBytes.Append(TokenBytes.Append([], first), second);
            int[] all = [.. first, .. second];
            return TokenBytes.Decode(bytes, all.Length).SequenceEqual(all)
                && TokenBytes.Count(bytes) == all.Length
                && TokenBytes.Measure(bytes, first.Length) == TokenBytes.Append([], first).Length;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Tokens_of_common_vocabularies_take_at_most_three_bytes()
    {
        Assert.Single(TokenBytes.Append([], [127]));
        Assert.Equal(2, TokenBytes.Append([], [16383]).Length);
        Assert.Equal(3, TokenBytes.Append([], [262143]).Length);
    }

    [Fact]
    public void Bytes_that_end_within_a_token_are_refused()
    {
        byte[] bytes = TokenBytes.Append([], [1, 300]);
        Assert.Throws<InputException>(() => TokenBytes.Decode(bytes.AsSpan(0, 2), 2));
        Assert.Throws<InputException>(() => TokenBytes.Count(bytes.AsSpan(0, 2)));
        Assert.Throws<InputException>(() => TokenBytes.Decode([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], 1));
    }
}
