using Microsoft.Extensions.Hosting;

namespace KVCluster.Engine.Hosting.Tests.Hosting;

public sealed class OrleansClusterOptionsTests
{
    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("127.0.0.1:6379,noSuchOption=1")]
    [InlineData("password=secret")]
    public void A_connection_string_that_is_none_is_refused_when_the_silo_is_set_up(string redis)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        ArgumentException error = Assert.ThrowsAny<ArgumentException>(
            () => builder.UseOrleans(silo => silo.UseKVCluster(new OrleansClusterOptions { Redis = redis })));
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }
}
