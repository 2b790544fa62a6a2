using System.Text;
using KVCluster.Storage.Redis;
using KVCluster.Storage.Redis.Cluster;

namespace KVCluster.Storage.Tests.Redis.Cluster;

public sealed class HashSlotTests
{
    [Theory]
    [InlineData("123456789", 0x31C3)]
    [InlineData("foo", 12182)]
    [InlineData("", 0)]
    public void A_slot_is_the_specifications(string key, int slot)
    {
        Assert.Equal(slot, HashSlot.Of(Encoding.UTF8.GetBytes(key)));
    }

    [Theory]
    [InlineData("{user1000}.following", "user1000")]
    [InlineData("foo{bar}{zap}", "bar")]
    [InlineData("foo{{bar}}zap", "{bar")]
    public void A_hash_tag_alone_decides(string key, string tag)
    {
        Assert.Equal(HashSlot.Of(Encoding.UTF8.GetBytes(tag)), HashSlot.Of(Encoding.UTF8.GetBytes(key)));
    }

    [Fact]
    public void An_empty_tag_is_none()
    {
        Assert.NotEqual(HashSlot.Of("foo{}{baz}"u8), HashSlot.Of("foo{}{bar}"u8));
    }

    [Fact]
    public void A_redirection_names_slot_and_node()
    {
        var answered = new RedisEndpoint("h", 1);
        Assert.True(Redirection.TryParse("MOVED 3999 127.0.0.1:6381", answered, out Redirection moved));
        Assert.Equal(new Redirection(false, 3999, new RedisEndpoint("127.0.0.1", 6381)), moved);
        Assert.True(Redirection.TryParse("ASK 3999 ::1:6381", answered, out Redirection ask));
        Assert.Equal(new Redirection(true, 3999, new RedisEndpoint("::1", 6381)), ask);
        Assert.True(Redirection.TryParse("MOVED 3999 :6381", answered, out Redirection same));
        Assert.Equal(new RedisEndpoint("h", 6381), same.Target);
    }

    [Theory]
    [InlineData("MOVED")]
    [InlineData("MOVED x 1:1")]
    [InlineData("MOVED 16384 h:1")]
    [InlineData("MOVED 1 h")]
    [InlineData("MOVED 1 h:0")]
    [InlineData("ERR MOVED 1 h:1")]
    public void What_is_no_redirection_is_an_error_like_any_other(string error)
    {
        Assert.False(Redirection.TryParse(error, new RedisEndpoint("h", 1), out _));
    }
}
