using KVCluster.Inference;
using KVCluster.Silo.Serving;

namespace KVCluster.Silo.Tests.Serving;

public sealed class StoreNamesTests
{
    [Theory]
    [InlineData("redis://127.0.0.1:6379", true)]
    [InlineData("REDISS://cache:6379", true)]
    [InlineData("./127.0.0.1:6379", false)]
    [InlineData("/srv/kvcluster", false)]
    [InlineData("none", false)]
    [InlineData("", false)]
    public void A_scheme_tells_redis_from_a_folder(string store, bool redis) => Assert.Equal(redis, ColdStores.IsRedis(store));

    [Theory]
    [InlineData("127.0.0.1:6379")]
    [InlineData("cache:6379,password=hidden")]
    [InlineData("[::1]:6379")]
    public void An_address_without_a_scheme_is_refused_without_its_password(string store)
    {
        InputException error = Assert.Throws<InputException>(() => ColdStores.IsRedis(store));

        Assert.Contains("redis://", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", error.Message, StringComparison.Ordinal);
    }
}
