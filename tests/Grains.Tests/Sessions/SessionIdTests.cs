namespace KVCluster.Grains.Tests.Sessions;

public sealed class SessionIdTests
{
    [Fact]
    public void A_key_is_the_tenant_and_the_session()
    {
        SessionId id = SessionId.Parse("acme/chat-1.a_b:c");
        Assert.Equal(("acme", "chat-1.a_b:c"), (id.Tenant, id.Session));
        Assert.Equal("acme/chat-1.a_b:c", id.Key);
    }

    [Theory]
    [InlineData("")]
    [InlineData("acme")]
    [InlineData("/chat")]
    [InlineData("acme/")]
    [InlineData("acme/a/b")]
    [InlineData("acme/a b")]
    [InlineData("acme/..\\x")]
    [InlineData("acmé/a")]
    [InlineData("acme/.")]
    [InlineData("acme/..")]
    [InlineData("../a")]
    public void Anything_else_is_refused(string key)
    {
        Assert.Throws<InvalidRequestException>(() => SessionId.Parse(key));
        Assert.Null(SessionId.TryParse(key));
    }

    [Fact]
    public void A_part_has_at_most_128_characters()
    {
        Assert.True(SessionId.IsValid(new string('a', 128)));
        Assert.False(SessionId.IsValid(new string('a', 129)));
    }
}
