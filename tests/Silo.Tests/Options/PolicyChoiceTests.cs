using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Silo.Options;

namespace KVCluster.Silo.Tests.Options;

public class PolicyChoiceTests
{
    [Fact]
    public void The_default_replays()
    {
        ICompressionPolicy policy = PolicyChoice.Parse(null, null);
        Assert.Equal(PolicyChoice.Default, policy.Name);
        Assert.Equal(AttentionSource.Replay, policy.Request.Attention!.Source);
    }

    [Theory]
    [InlineData(null, "observed", AttentionSource.Observed)]
    [InlineData("kvcompose", "task", AttentionSource.Task)]
    [InlineData("kvcompose:keep-first=4", "replay", AttentionSource.Replay)]
    [InlineData("kvcompose-unstructured:keep-first=4,keep-last=8", "task", AttentionSource.Task)]
    public void Scores_join_the_other_parameters(string? specification, string scores, AttentionSource source) =>
        Assert.Equal(source, PolicyChoice.Parse(specification, scores).Request.Attention!.Source);

    [Fact]
    public void A_policy_that_uses_no_scores_refuses_them() =>
        Assert.Contains("--scores", Fault("streaming-llm", "task"), StringComparison.Ordinal);

    [Fact]
    public void What_is_unknown_is_named_beside_what_is_valid()
    {
        string policy = Fault("snappy", null);
        Assert.Contains("snappy", policy, StringComparison.Ordinal);
        Assert.All(CompressionPolicies.All, d => Assert.Contains(d.Name, policy, StringComparison.Ordinal));

        string parameter = Fault("kvcompose:sinks=4", null);
        Assert.Contains("sinks", parameter, StringComparison.Ordinal);
        Assert.Contains("keep-first", parameter, StringComparison.Ordinal);

        string source = Fault("kvcompose", "guessed");
        Assert.Contains("guessed", source, StringComparison.Ordinal);
        Assert.Contains("observed", source, StringComparison.Ordinal);
    }

    private static string Fault(string specification, string? scores) =>
        Assert.Throws<PolicyException>(() => PolicyChoice.Parse(specification, scores)).Message;
}
