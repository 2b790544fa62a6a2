using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Tests.Policies;

/// <summary>CriticalKV computes few norms and keeps what computing all of them keeps.</summary>
public sealed class CriticalKvPolicyTests
{
    [Theory]
    [InlineData("criticalkv:base=snapkv,base.window=6")]
    [InlineData("criticalkv:base=keydiff")]
    [InlineData("criticalkv:base=knorm,first-stage=0")]
    [InlineData("criticalkv:base=tova,first-stage=1")]
    [InlineData("critical-adakv:base=expected-attention")]
    [InlineData("critical-adakv:base=snapkv,base.window=6,first-stage=0.2,safeguard=0")]
    public void Kept_sets_are_those_of_all_norms(string specification)
    {
        ICompressionPolicy policy = CompressionPolicies.Parse(specification);
        for (int seed = 0; seed < 60; seed++)
        {
            Random random = new(seed);
            PolicyInput input = PolicyMatrixInputs.Make(random, ragged: seed % 2 == 1);
            var all = new AllNorms(ScoreOperations.GroupToKvHeads(input.RequireProjectedValueNorms(), input.Shape.KvHeads));
            RetentionBudget budget = RetentionBudget.OfRatio(random.NextDouble());
            RetentionPlan expected = policy.Plan(input with { SlotNorms = all }, budget);
            RetentionPlan actual = policy.Plan(input, budget);
            for (int i = 0; i < expected.Layers * expected.KvHeads; i++)
            {
                Assert.Equal(
                    expected.Kept(i / expected.KvHeads, i % expected.KvHeads).ToArray(), actual.Kept(i / actual.KvHeads, i % actual.KvHeads).ToArray());
            }
        }
    }

    [Fact]
    public void Slots_that_cannot_be_among_the_best_are_not_asked_for()
    {
        PolicyInput input = PolicyMatrixInputs.Complete(new Random(3), TestInputs.Whole(new Random(3), tokens: 2000), group: 2);
        CompressionPolicies.Parse("criticalkv:base.window=8").Plan(input, RetentionBudget.OfRatio(0.75));
        Assert.InRange(((BoundedNorms)input.SlotNorms!).Read, 1, input.Shape.TotalSlots / 4);
    }

    /// <summary>Bounds that exclude nothing.</summary>
    private sealed class AllNorms(AttentionScores norms) : ISlotNorms
    {
        public long Bytes => norms.Bytes;

        public AttentionScores UpperBounds()
        {
            AttentionScores bounds = norms.Copy();
            for (int i = 0; i < bounds.Layers * bounds.Heads; i++)
            {
                bounds.Row(i / bounds.Heads, i % bounds.Heads).Fill(1e30f);
            }

            return bounds;
        }

        public void Read(int layer, int kvHead, ReadOnlySpan<int> slots, Span<float> destination) =>
            new GivenSlotNorms(norms).Read(layer, kvHead, slots, destination);
    }
}
