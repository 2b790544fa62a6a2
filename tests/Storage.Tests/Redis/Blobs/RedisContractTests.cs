using System.Reflection;
using System.Runtime.ExceptionServices;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Redis;
using KVCluster.Storage.Redis.Blobs;
using KVCluster.Storage.Tests.Blobs;
using KVCluster.Storage.Tests.Redis.Support;
using KVCluster.TestSupport.Redis;

namespace KVCluster.Storage.Tests.Redis.Blobs;

/// <summary>
/// The contract of every store, on Redis. The cases are found by reflection rather than inherited, so that they can skip where there is no
/// server.
/// </summary>
public sealed class RedisContractTests(RedisFixture fixture) : IClassFixture<RedisFixture>
{
    public static TheoryData<string, object[]> Cases()
    {
        var cases = new TheoryData<string, object[]>();
        foreach (MethodInfo method in typeof(BlobStoreContract).GetMethods().Where(m => m.IsDefined(typeof(FactAttribute))))
        {
            object[][] rows = [.. method.GetCustomAttributes<InlineDataAttribute>().Select(a => a.GetData(method).Single())];
            foreach (object[] row in rows.Length > 0 ? rows : [[]])
            {
                cases.Add(method.Name, row);
            }
        }

        return cases;
    }

    [RedisTheory]
    [MemberData(nameof(Cases))]
    public async Task The_store_keeps_the_contract(string name, object[] arguments)
    {
        await using RedisClient client = fixture.Client();
        var contract = new Contract(client);
        await contract.InitializeAsync();
        try
        {
            await (Task)typeof(BlobStoreContract).GetMethod(name)!.Invoke(contract, arguments)!;
        }
        catch (TargetInvocationException error)
        {
            ExceptionDispatchInfo.Throw(error.InnerException!);
        }
        finally
        {
            await contract.DisposeAsync();
        }
    }

    [Fact]
    public void The_contract_has_cases() => Assert.True(Cases().Count() > 25);

    // Not public: the runner would take it for a test class of its own.
    private sealed class Contract(RedisClient client) : BlobStoreContract
    {
        private string _prefix = "";

        protected override Task<IBlobStore> OpenAsync(BlobBudget budget, TimeSpan timeToLive)
        {
            _prefix = $"contract-{Guid.NewGuid():N}";
            var options = new RedisBlobStoreOptions { Prefix = _prefix, Budget = budget, TimeToLive = timeToLive };
            return Task.FromResult<IBlobStore>(new RedisBlobStore(client, options));
        }

        /// <summary>The server's clock cannot be moved, so every time to live and every due time is brought forward instead.</summary>
        protected override async Task PassAsync(TimeSpan time)
        {
            long passed = (long)time.TotalMilliseconds;
            RespValue keys = await client.ExecuteAsync(new RedisCommand("KEYS", $"{_prefix}:*") { KeyIndex = 0 }, default);
            foreach (RespValue key in keys.Items)
            {
                if (key.Text.EndsWith(":due", StringComparison.Ordinal))
                {
                    RespValue entries = await client.ExecuteAsync(new RedisCommand("ZRANGE", key.Bytes, 0, -1), default);
                    foreach (RespValue entry in entries.Items)
                    {
                        await client.ExecuteAsync(new RedisCommand("ZINCRBY", key.Bytes, -passed, entry.Bytes), default);
                    }
                }

                long left = (await client.ExecuteAsync(new RedisCommand("PTTL", key.Bytes), default)).Integer;
                await client.ExecuteAsync(new RedisCommand("PEXPIRE", key.Bytes, left - passed), default);
            }
        }
    }
}
