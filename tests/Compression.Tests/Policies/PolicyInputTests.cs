using KVCluster.Compression.Policies;

namespace KVCluster.Compression.Tests.Policies;

/// <summary>What holding on to gathered input takes.</summary>
public sealed class PolicyInputTests
{
    [Fact]
    public void Its_bytes_are_those_of_all_its_parts()
    {
        CacheShape shape = CacheShape.Whole(layers: 2, kvHeads: 3, tokens: 50);
        AttentionScores queryHeads = new(2, 6, 50);
        AttentionScores kvHeads = new(2, 3, 50);
        Assert.Equal(0, new PolicyInput(shape).Bytes);
        Assert.Equal(4 * 2 * 6 * 50, (new PolicyInput(shape) { Attention = queryHeads }).Bytes);
        PolicyInput norms = new(shape) { MeanAttention = queryHeads, ValueNorms = kvHeads, ProjectedValueNorms = queryHeads };
        Assert.Equal(4 * 2 * 15 * 50, norms.Bytes);
        Assert.Equal(4 * 50, (new PolicyInput(shape) { TokenKinds = new TokenKind[50] }).Bytes);
        float[][] means = [.. Enumerable.Range(0, 12).Select(_ => new float[8])];
        float[][] covariances = [.. Enumerable.Range(0, 12).Select(_ => new float[64])];
        Assert.Equal(4 * 12 * 8, (new PolicyInput(shape) { QueryStatistics = new QueryStatistics(2, 6, 8, means, null) }).Bytes);
        Assert.Equal(4 * 12 * 72, (new PolicyInput(shape) { QueryStatistics = new QueryStatistics(2, 6, 8, means, covariances) }).Bytes);
    }

    [Fact]
    public void Norms_count_by_what_they_say_they_hold_whatever_their_type()
    {
        CacheShape shape = CacheShape.Whole(layers: 2, kvHeads: 3, tokens: 50);
        AttentionScores norms = new(2, 3, 50);
        Assert.Equal(4 * 300, (new PolicyInput(shape) { SlotNorms = new GivenSlotNorms(norms) }).Bytes);
        Assert.Equal(2 * 4 * 300, (new PolicyInput(shape) { SlotNorms = new BoundedNorms(norms, norms.Copy()) }).Bytes);
    }
}
