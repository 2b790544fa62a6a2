using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;

namespace KVCluster.Worker.Tests;

public sealed class SharedScoresTests(NeedleFixture needle) : IClassFixture<NeedleFixture>
{
    [Theory]
    [InlineData("kvcompose")]
    [InlineData("lagkv")]
    [InlineData("streaming-llm")]
    [InlineData("kvcompose:stages=2")]
    public void Scores_are_asked_for_once_and_serve_every_budget(string specification)
    {
        ICompressionPolicy policy = CompressionPolicies.Parse(specification);
        using Conversation whole = Whole();
        SharedScores scores = new(whole);
        bool staged = policy is IStagedPolicy { Stages: > 1 };
        bool first = true;
        foreach (double ratio in new[] { 0.25, 0.5, 0.75 })
        {
            CompressionRequest request = new(policy, RetentionBudget.OfRatio(ratio));
            using Conversation alone = whole.Fork();
            CompressionReport expected = alone.Compress(request);
            using Conversation shared = whole.Fork();
            CompressionReport report = scores.Compress(shared, request, out bool scored);
            Assert.Equal(first || staged, scored);
            Assert.Equal(CacheContents.Positions(alone.Cache), CacheContents.Positions(shared.Cache));
            Assert.Equal(expected.DroppedMass, report.DroppedMass);
            Assert.Equal(expected.BytesAfter, report.BytesAfter);
            first = false;
        }

        Assert.True(whole.Cache.IsExact);
    }

    [Fact]
    public void Another_cache_is_refused()
    {
        using Conversation whole = Whole();
        SharedScores scores = new(whole);
        CompressionRequest request = new(CompressionPolicies.Parse("streaming-llm"), RetentionBudget.OfRatio(0.5));
        using Conversation other = whole.Fork();
        other.Append(new[] { 5 });
        Assert.Throws<ArgumentException>(() => scores.Compress(other, request, out _));
        Assert.True(other.Cache.IsExact);
    }

    private Conversation Whole()
    {
        Conversation whole = new(needle.Model);
        whole.Append(needle.Framing.FirstTurn(null, NeedleFixture.Document, NeedleFixture.Question).Context);
        return whole;
    }
}
