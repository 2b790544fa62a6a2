using System.Text.Json;
using KVCluster.Inference;
using KVCluster.Silo.Options;
using KVCluster.Silo.Planning;
using KVCluster.TestSupport;

namespace KVCluster.Silo.Tests.Planning;

public sealed class PlanTests
{
    [Theory]
    [InlineData("80GiB", 80L << 30)]
    [InlineData("1.5g", 3L << 29)]
    [InlineData("512 MB", 512_000_000)]
    [InlineData("4096", 4096)]
    public void Sizes_are_read_as_people_write_them(string text, long bytes) => Assert.Equal(bytes, ByteSize.Parse(text, "--gpu-memory"));

    [Theory]
    [InlineData("")]
    [InlineData("GiB")]
    [InlineData("-1")]
    [InlineData("lots")]
    [InlineData("1e30GiB")]
    public void What_is_no_size_is_refused(string text) => Assert.Throws<InputException>(() => ByteSize.Parse(text, "--gpu-memory"));

    [Fact]
    public void A_tenant_takes_what_it_does_not_name_from_all()
    {
        Assert.Equal(new TenantLoad("acme", 3, 100, 0.5), TenantLoad.Parse("acme=3", 100, 0.5));
        Assert.Equal(new TenantLoad("acme", 3, 20, 0.5), TenantLoad.Parse("acme=3x20", 100, 0.5));
        Assert.Equal(new TenantLoad("acme", 3, 20, 0.1), TenantLoad.Parse("acme=3x20@0.1", 100, 0.5));
        Assert.Equal(new TenantLoad("acme", 3, 100, 0.1), TenantLoad.Parse("acme=3@0.1", 100, 0.5));
    }

    [Theory]
    [InlineData("acme")]
    [InlineData("=3")]
    [InlineData("acme=x20")]
    [InlineData("acme=0")]
    [InlineData("acme=3x20@2")]
    [InlineData("acme=3x-1")]
    public void What_is_no_tenant_is_refused(string text) => Assert.Throws<InputException>(() => TenantLoad.Parse(text, 100, 0.5));

    [Fact]
    public void Nodes_are_filled_one_after_the_other_the_largest_sessions_first()
    {
        Assert.Equal([3, 3, 1], NodePacking.Pack([(7, 30)], 100));
        Assert.Equal([1 + 4, 1 + 4, 2], NodePacking.Pack([(10, 10), (2, 60)], 100));
        Assert.Throws<InputException>(() => NodePacking.Pack([(1, 101)], 100));
        Assert.Throws<InputException>(() => NodePacking.Pack([(int.MaxValue, 100)], 100));
    }

    [Fact]
    public void A_plan_is_printed_with_every_part_and_adds_up()
    {
        JsonElement plan = CommandRun.Of("plan", "--gpu-memory", "16MiB", "--tenants", "acme=100x1000@0.25", "--tenants", "beta=50", "--hot", "0.5", "--json").Json();
        Assert.Equal(plan.GetProperty("nodesNeeded").GetInt32() + 1, plan.GetProperty("nodes").GetInt32());
        Assert.Equal(75, plan.GetProperty("hotSessions").GetInt32());
        long arena = plan.GetProperty("arenaBytes").GetInt64();
        Assert.True(arena + plan.GetProperty("weightBytes").GetInt64() + plan.GetProperty("workspaceBytes").GetInt64() <= 16 << 20);
        Assert.Equal((long)(arena * 0.85), plan.GetProperty("highWatermarkBytes").GetInt64());
        JsonElement[] tenants = [.. plan.GetProperty("tenants").EnumerateArray()];
        Assert.Equal(["acme", "beta"], tenants.Select(tenant => tenant.GetProperty("tenant").GetString()));
        Assert.Equal(
            plan.GetProperty("volatile").GetProperty("dataBytes").GetInt64(), tenants.Sum(tenant => tenant.GetProperty("coldBytes").GetInt64()));
        CommandRun text = CommandRun.Of("plan", "--gpu-memory", "16MiB", "--sessions", "5");
        Assert.All(
            (string[])["watermarks", "volatile Redis", "durable Redis", "nodes", "KVCLUSTER__MODEL__ARENABYTES="],
            part => Assert.Contains(part, text.Output, StringComparison.Ordinal));
    }

    [Fact]
    public void A_configuration_alone_is_enough_of_a_model()
    {
        string folder = Directory.CreateTempSubdirectory("kvcluster-plan-").FullName;
        File.Copy(Path.Combine(TestPaths.Needle, "config.json"), Path.Combine(folder, "config.json"));
        JsonElement alone = CommandRun.Of("plan", "--model", folder, "--gpu-memory", "1GiB", "--json").Json();
        JsonElement whole = CommandRun.Of("plan", "--gpu-memory", "1GiB", "--json").Json();
        Assert.Equal(whole.GetProperty("arenaBytes").GetInt64(), alone.GetProperty("arenaBytes").GetInt64());
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Faults_are_named()
    {
        CommandRun.Of("plan").AssertRefused("--gpu-memory");
        CommandRun.Of("plan", "--gpu-memory", "many").AssertRefused("--gpu-memory", "many");
        CommandRun.Of("plan", "--gpu-memory", "1MiB").AssertRefused("nothing is left");
        CommandRun.Of("plan", "--gpu-memory", "4MiB", "--keep", "1").AssertRefused("does not fit");
        CommandRun.Of("plan", "--gpu-memory", "1GiB", "--keep", "0").AssertRefused("share to keep");
        CommandRun.Of("plan", "--gpu-memory", "1GiB", "--tokens", "1000000").AssertRefused("context");
        CommandRun.Of("plan", "--gpu-memory", "1GiB", "--sessions", "5", "--tenants", "a=1").AssertRefused("exclude");
        CommandRun.Of("plan", "--gpu-memory", "1GiB", "--hot", "1.5").AssertRefused("--hot");
    }
}
