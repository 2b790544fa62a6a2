using KVCluster.Inference.Kv;
using KVCluster.Storage.Tests.Support;

namespace KVCluster.Storage.Tests.Snapshots;

public class EvictionTests
{
    private const long CopyBytes = 300L * 2 * 6 * 24 * 4;
    private static readonly int[] History = ColdFixture.Tokens(300);

    [Fact]
    public async Task A_full_store_lets_the_copy_go_that_was_used_the_longest_ago()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small, budget: (3 * CopyBytes) + 60_000);
        await Publish(cold, "a", "b", "c");
        await Use(cold, "a");
        await Publish(cold, "d");
        Assert.Equal(MissCause.Absent, await Miss(cold, "b"));
        Assert.All(["a", "c", "d"], name => Assert.Equal(300, Use(cold, name).GetAwaiter().GetResult()));
    }

    [Fact]
    public async Task An_appending_session_takes_no_more_than_it_adds()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small, budget: (4 * CopyBytes) + 60_000);
        await Publish(cold, "a", "b", "c", "d");
        using KvCache cache = cold.Arena.Cache(History);
        int[] longer = [.. History, .. ColdFixture.Tokens(200, 3)];
        cold.Arena.Append(cache, longer.AsSpan(300));
        await cold.PublishedAsync(cache, longer, owner: Owner("d"));
        Assert.Equal(MissCause.Absent, await Miss(cold, "a"));
        Assert.All(["b", "c"], name => Assert.Equal(300, Use(cold, name).GetAwaiter().GetResult()));
    }

    [Fact]
    public async Task A_tenant_over_its_own_budget_takes_nothing_of_others()
    {
        await using var cold = new ColdFixture(
            options: ColdFixture.Small, budget: 16 * CopyBytes, tenantBudget: (2 * CopyBytes) + 60_000);
        await Publish(cold, new SnapshotOwner("other", "x"));
        await Publish(cold, "a", "b", "c");
        Assert.Equal(MissCause.Absent, await Miss(cold, "a"));
        Assert.Equal(300, await Use(cold, new SnapshotOwner("other", "x")));
    }

    [Fact]
    public async Task A_copy_larger_than_the_budget_takes_nothing_of_others()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small, budget: CopyBytes + 60_000);
        await Publish(cold, "a");
        int[] longer = ColdFixture.Tokens(700);
        using KvCache cache = cold.Arena.Cache(longer);
        Assert.Equal(SaveOutcome.OverBudget, (await cold.SaveAsync(cache, longer, owner: Owner("b"))).Outcome);
        Assert.Equal(300, await Use(cold, "a"));
    }

    [Fact]
    public async Task Without_eviction_a_full_store_refuses()
    {
        await using var cold = new ColdFixture(
            options: ColdFixture.Small with { EvictLeastRecentlyUsed = false }, budget: CopyBytes + 60_000);
        await Publish(cold, "a");
        using KvCache cache = cold.Arena.Cache(History);
        Assert.Equal(SaveOutcome.OverBudget, (await cold.SaveAsync(cache, History, owner: Owner("b"))).Outcome);
        Assert.Equal(300, await Use(cold, "a"));
    }

    private static SnapshotOwner Owner(string name) => new("acme", name);

    private static Task Publish(ColdFixture cold, params string[] names) => Publish(cold, [.. names.Select(Owner)]);

    private static async Task Publish(ColdFixture cold, params SnapshotOwner[] owners)
    {
        foreach (SnapshotOwner owner in owners)
        {
            using KvCache cache = cold.Arena.Cache(History);
            await cold.PublishedAsync(cache, History, owner: owner);
        }
    }

    private static Task<int> Use(ColdFixture cold, string name) => Use(cold, Owner(name));

    private static async Task<int> Use(ColdFixture cold, SnapshotOwner owner)
    {
        var (load, cache) = await cold.LoadAsync(cold.Query(History, owner: owner));
        cache.Dispose();
        return load.Tokens;
    }

    private static Task<MissCause?> Miss(ColdFixture cold, string name) => cold.MissAsync(cold.Query(History, owner: Owner(name)));
}
