using KVCluster.Grains;
using KVCluster.Inference;
using KVCluster.Silo.Tenants;

namespace KVCluster.Silo.Tests.Tenants;

public sealed class TenantFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _time = new();
    private readonly List<string> _complaints = [];

    private string FilePath => Path.Combine(_folder.Path, "tenants.json");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_tenants_memory_is_as_the_file_says_and_else_a_share_of_one()
    {
        TenantFile file = Open("""{"tenants":[{"id":"a","keys":[],"share":2.5,"guaranteedBytes":1000,"limitBytes":5000},{"id":"b","keys":[]}]}""");

        Assert.Equal(new TenantPromise(2.5, 1000, 5000), file.LimitsOf("a")!.Memory);
        Assert.Equal(new TenantPromise(1, 0, null), file.LimitsOf("b")!.Memory);
        Assert.Null(file.LimitsOf("c"));
        Assert.Equal(["a", "b"], file.Tenants());
    }

    [Fact]
    public void Grains_are_told_what_the_file_says()
    {
        TenantFile file = Open("""{"tenants":[{"id":"a","keys":[],"share":2}]}""");
        var terms = new TenantFileTerms(file);
        Assert.Equal((false, 2, 1), (terms.HasLimits, terms.Of("a").Share, terms.Of("b").Share));

        Write("""{"tenants":[{"id":"a","keys":[],"limitBytes":7}]}""", 1);
        _time.Passed += TimeSpan.FromSeconds(1);
        Assert.Equal((true, 7), (terms.HasLimits, terms.Of("a").LimitBytes));
    }

    [Fact]
    public void A_changed_file_is_taken_over_within_a_second_and_a_wrong_one_is_not()
    {
        TenantFile file = Open("""{"tenants":[{"id":"a","keys":[],"share":2}]}""");

        Write("""{"tenants":[{"id":"a","keys":[],"share":3}]}""", 1);
        Assert.Equal(2, file.LimitsOf("a")!.Memory.Share);
        _time.Passed += TimeSpan.FromSeconds(1);
        Assert.Equal(3, file.LimitsOf("a")!.Memory.Share);

        Write("""{"tenants":[{"id":"a","keys":[],"share":0}]}""", 2);
        _time.Passed += TimeSpan.FromSeconds(1);
        Assert.Equal(3, file.LimitsOf("a")!.Memory.Share);
        Assert.Contains("share", Assert.Single(_complaints), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_was_removed_leaves_the_last_good_one_in_force()
    {
        TenantFile file = Open("""{"tenants":[{"id":"a","keys":[],"share":2}]}""");

        File.Delete(FilePath);
        _time.Passed += TimeSpan.FromSeconds(1);
        Assert.Equal(2, file.LimitsOf("a")!.Memory.Share);
        Assert.Contains(FilePath, Assert.Single(_complaints), StringComparison.Ordinal);

        Write("""{"tenants":[{"id":"a","keys":[],"share":3}]}""", 1);
        _time.Passed += TimeSpan.FromSeconds(1);
        Assert.Equal(3, file.LimitsOf("a")!.Memory.Share);
    }

    [Theory]
    [InlineData("\"share\":0", "share")]
    [InlineData("\"share\":\"much\"", "share")]
    [InlineData("\"guaranteedBytes\":-1", "guaranteedBytes")]
    [InlineData("\"limitBytes\":0", "limitBytes")]
    [InlineData("\"limitBytes\":1.5", "limitBytes")]
    [InlineData("\"guaranteedBytes\":10,\"limitBytes\":9", "below")]
    [InlineData("\"bytes\":9", "bytes")]
    public void A_wrong_field_is_named(string field, string said) => Assert.Contains(
        said, Assert.Throws<InputException>(() => Open($$"""{"tenants":[{"id":"a","keys":[],{{field}}}]}""")).Message, StringComparison.Ordinal);

    private TenantFile Open(string json)
    {
        Write(json, 0);
        return TenantFile.Open(FilePath, _time, _complaints.Add);
    }

    private void Write(string json, int version)
    {
        File.WriteAllText(FilePath, json);
        File.SetLastWriteTimeUtc(FilePath, new DateTime(2026, 1, 1, 0, 0, version, DateTimeKind.Utc));
    }
}
