using KVCluster.Compression.Policies;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Tests.Policies;

public sealed class CompressionPoliciesTests
{
    [Fact]
    public void Every_policy_is_made_by_its_name_with_its_defaults()
    {
        Assert.NotEmpty(CompressionPolicies.All);
        foreach (PolicyDescriptor descriptor in CompressionPolicies.All)
        {
            Assert.Equal(descriptor.Name, CompressionPolicies.Parse(descriptor.Name).Name);
            Assert.All(descriptor.Parameters, p => CompressionPolicies.Parse($"{descriptor.Name}:{p.Name}={p.Default}"));
        }
    }

    [Fact]
    public void Parameters_are_set_by_name()
    {
        ICompressionPolicy policy = CompressionPolicies.Parse(
            "kvcompose:scores=task,aggregation=mean,group=max,value-norm=true,head-mean=false,keep-first=4,"
            + "head-floor-share=0.3,minimum-per-head=0,reference-layer0=true");
        KvComposeParameters expected = new()
        {
            Scores = AttentionSource.Task,
            Aggregation = QueryAggregation.Mean,
            Group = GroupReduction.Max,
            ValueNorm = true,
            HeadMean = false,
            KeepFirst = 4,
            HeadFloorShare = 0.3,
            MinimumPerHead = 0,
            ReferenceLayer0 = true,
        };
        Assert.Equal(expected, policy.Parameters);
        Assert.Equal(new AttentionRequest(AttentionSource.Task, QueryAggregation.Mean), policy.Request.Attention);
        Assert.True(policy.Request.ValueNorms);
    }

    [Theory]
    [InlineData("kvcomposed", "unknown policy 'kvcomposed'; valid: kvcompose, kvcompose-unstructured, streaming-llm")]
    [InlineData("", "unknown policy ''")]
    [InlineData("streaming-llm:sink=4", "no parameter 'sink'; valid: sinks, minimum-per-head")]
    [InlineData("streaming-llm:sinks", "'sinks' in 'streaming-llm:sinks' is no parameter=value")]
    [InlineData("streaming-llm:", "is no parameter=value")]
    [InlineData("streaming-llm:sinks=four", "'four' is no value of sinks; valid: a whole number")]
    [InlineData("streaming-llm:sinks=-1", "sinks is -1")]
    [InlineData("streaming-llm:sinks=1,sinks=2", "given twice")]
    [InlineData("kvcompose:scores=0", "'0' is no value of scores; valid: replay | observed | task")]
    [InlineData("kvcompose:value-norm=yes", "valid: true | false")]
    [InlineData("kvcompose:head-floor-share=1.5", "head-floor-share is 1.5: it lies in [0, 1]")]
    [InlineData("kvcompose:head-floor-share=NaN", "it lies in [0, 1]")]
    [InlineData("kvcompose:scores=observed,group=max", "group is max, but observed attention")]
    [InlineData("kvcompose:minimum-per-head=-2", "minimum-per-head is -2")]
    public void Mistakes_are_named_with_what_is_valid(string specification, string message)
    {
        PolicyException error = Assert.Throws<PolicyException>(() => CompressionPolicies.Parse(specification));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }
}
