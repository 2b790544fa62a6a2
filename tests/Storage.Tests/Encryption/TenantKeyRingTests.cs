using KVCluster.Storage.Encryption;

namespace KVCluster.Storage.Tests.Encryption;

public sealed class TenantKeyRingTests
{
    private static readonly string First = Convert.ToBase64String([.. Enumerable.Repeat((byte)1, 32)]);
    private static readonly string Second = Convert.ToBase64String([.. Enumerable.Repeat((byte)2, 32)]);

    [Fact]
    public void The_last_id_is_the_newest_and_earlier_ones_are_found()
    {
        TenantKeyRing keys = TenantKeyRing.FromJson(
            $$$"""{"acme": {"2026-07": "{{{Second}}}", "2026-01": "{{{First}}}"}, "*": {"k": "{{{First}}}"}, "open": {}}""");
        Assert.Equal("2026-07", keys.Newest("acme")!.Id);
        Assert.Equal("2026-01", keys.Find("acme", "2026-01")!.Id);
        Assert.Null(keys.Find("acme", "k"));
        Assert.Equal("k", keys.Newest("anybody")!.Id);
        Assert.Null(keys.Newest("open"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"acme\": \"SECRETSECRET\"}")]
    [InlineData("{\"acme\": {\"k\": \"SECRETSECRET\"}}")]
    [InlineData("{\"acme\": {\"k\": null}}")]
    [InlineData("{\"acme\": {\"\": \"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\"}}")]
    [InlineData("{\"acme\": {\"k\": SECRETSECRET}}")]
    public void A_faulty_document_is_refused_without_showing_it(string json)
    {
        var refused = Assert.Throws<InvalidDataException>(() => TenantKeyRing.FromJson(json));
        Assert.DoesNotContain("SECRET", refused.ToString());
    }

    [Fact]
    public void A_file_is_read_again_and_a_faulty_one_changes_nothing()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "keys.json");
        File.WriteAllText(path, $$$"""{"acme": {"1": "{{{First}}}"}}""");
        TenantKeyRing keys = TenantKeyRing.FromFile(path);
        File.WriteAllText(path, "{");
        Assert.Throws<InvalidDataException>(keys.Reload);
        Assert.Equal("1", keys.Newest("acme")!.Id);
        File.WriteAllText(path, $$$"""{"acme": {"1": "{{{First}}}", "2": "{{{Second}}}"}}""");
        keys.Reload();
        Assert.Equal("2", keys.Newest("acme")!.Id);
    }

    [Fact]
    public void The_environment_may_hold_the_document()
    {
        const string Variable = "KVCLUSTER_TEST_COLD_KEYS";
        Assert.Throws<InvalidDataException>(() => TenantKeyRing.FromEnvironment(Variable));
        Environment.SetEnvironmentVariable(Variable, $$$"""{"acme": {"1": "{{{First}}}"}}""");
        try
        {
            Assert.Equal("1", TenantKeyRing.FromEnvironment(Variable).Newest("acme")!.Id);
        }
        finally
        {
            Environment.SetEnvironmentVariable(Variable, null);
        }
    }

    [Fact]
    public void A_keys_text_is_its_id()
    {
        Assert.Equal("key '1'", new TenantKey("1", new byte[32]).ToString());
        Assert.Throws<ArgumentException>(() => new TenantKey("1", new byte[31]));
    }
}
