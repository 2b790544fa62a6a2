using KVCluster.Inference;
using KVCluster.Storage.Redis;

namespace KVCluster.Storage.Tests.Redis;

public sealed class RedisConnectionStringTests
{
    [Fact]
    public void Host_and_port_alone_are_enough()
    {
        RedisOptions options = RedisOptions.Parse("localhost:7000");
        Assert.Equal([new RedisEndpoint("localhost", 7000)], options.Endpoints);
        Assert.Null(options.Tls);
        Assert.Null(options.Password);
    }

    [Theory]
    [InlineData("localhost", "localhost", 6379)]
    [InlineData("redis://h", "h", 6379)]
    [InlineData("redis://[::1]:7000", "::1", 7000)]
    [InlineData("[fe80::1]", "fe80::1", 6379)]
    public void A_host_is_a_name_or_an_address(string text, string host, int port)
    {
        Assert.Equal([new RedisEndpoint(host, port)], RedisOptions.Parse(text).Endpoints);
    }

    [Fact]
    public void Credentials_database_and_settings_are_read()
    {
        RedisOptions options = RedisOptions.Parse(
            "rediss://kv:p%40ss%3Aword@a:1,b:2/3?connections=4&timeout=0.5&connect_timeout=1&bytes_in_flight=1000"
            + "&tls_name=redis.example&tls_ca=/ca.pem");
        Assert.Equal(("kv", "p@ss:word", 3), (options.User, options.Password, options.Database));
        Assert.Equal([new RedisEndpoint("a", 1), new RedisEndpoint("b", 2)], options.Endpoints);
        Assert.Equal((4, 1000L), (options.Connections, options.BytesInFlight));
        Assert.Equal((0.5, 1.0), (options.CallTimeout.TotalSeconds, options.ConnectTimeout.TotalSeconds));
        Assert.Equal(new RedisTlsOptions { ServerName = "redis.example", AuthorityFile = "/ca.pem" }, options.Tls);
    }

    [Fact]
    public void A_password_without_a_user_is_the_default_users()
    {
        RedisOptions options = RedisOptions.Parse("redis://:secret@h");
        Assert.Equal((null, "secret"), (options.User, options.Password));
    }

    [Theory]
    [InlineData("")]
    [InlineData("http://h")]
    [InlineData("redis://h:0")]
    [InlineData("redis://h:65536")]
    [InlineData("redis://:6379")]
    [InlineData("redis://h:")]
    [InlineData("redis://h,,i")]
    [InlineData("redis://h/x")]
    [InlineData("redis://h?connections=0")]
    [InlineData("redis://h?timeout=never")]
    [InlineData("redis://h?colour=red")]
    [InlineData("redis://h?tls_ca=x")]
    [InlineData("redis://user@h")]
    [InlineData("::1")]
    public void What_is_malformed_is_named(string text)
    {
        Assert.Throws<InputException>(() => RedisOptions.Parse(text));
    }

    [Theory]
    [InlineData("redis://user:topsecret@h:x")]
    [InlineData("redis://user:topsecret@h?nothing=1")]
    [InlineData("redis://user:to?topsecret=1@h")]
    [InlineData("http://user:topsecret@h")]
    [InlineData("user:topsecret@h:99999")]
    public void An_error_never_shows_a_password(string text)
    {
        string message = Assert.Throws<InputException>(() => RedisOptions.Parse(text)).ToString();
        Assert.DoesNotContain("topsecret", message);
    }

    [Fact]
    public void Printed_options_show_no_credentials()
    {
        Assert.Equal("rediss://h:6379/2", RedisOptions.Parse("rediss://user:topsecret@h/2").ToString());
    }
}
