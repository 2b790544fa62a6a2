using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Tests.Policies;

public sealed class KvComposePolicyTests
{
    [Theory]
    [InlineData(true, 1)]
    [InlineData(true, 7)]
    [InlineData(false, 1)]
    [InlineData(false, 7)]
    public void A_short_context_is_not_emptied_but_by_the_reference(bool structured, int tokens)
    {
        PolicyInput input = TestInputs.Whole(new Random(1), tokens: tokens);
        RetentionBudget budget = RetentionBudget.OfRatio(0.99);
        RetentionPlan plain = new KvComposePolicy(new KvComposeParameters { MinimumPerHead = 0 }, structured).Plan(input, budget);
        RetentionPlan product = new KvComposePolicy(structured: structured).Plan(input, budget);
        Assert.Equal(0, plain.TotalKept);
        Assert.Equal(input.Shape.Layers * input.Shape.KvHeads, product.TotalKept);
    }

    [Fact]
    public void A_ratio_counts_composites_not_slots()
    {
        // In doubles 20 composites at 0.55 leave 9, but their 60 slots leave 26, which is 8 composites.
        PolicyInput input = TestInputs.Whole(new Random(2), layers: 2, kvHeads: 3, tokens: 10);
        Assert.Equal(27, new KvComposePolicy().Plan(input, RetentionBudget.OfRatio(0.55)).TotalKept);
        Assert.Equal(26, new KvComposePolicy(structured: false).Plan(input, RetentionBudget.OfRatio(0.55)).TotalKept);
    }

    [Fact]
    public void A_logical_ratio_on_a_compressed_cache_relates_to_all_its_tokens()
    {
        Random random = new(3);
        PolicyInput input = TestInputs.Whole(random, layers: 2, kvHeads: 2, tokens: 40);
        KvComposePolicy policy = new();
        RetentionPlan first = policy.Plan(input, RetentionBudget.OfRatio(0.5));
        Assert.Equal(80, first.TotalKept);
        PolicyInput half = TestInputs.After(random, input.Shape, first);
        Assert.Equal(40, policy.Plan(half, RetentionBudget.OfRatio(0.5)).TotalKept);
        Assert.Equal(80, policy.Plan(half, RetentionBudget.OfRatio(0.5, RatioBasis.Logical)).TotalKept);
        Assert.Equal(40, policy.Plan(half, RetentionBudget.OfRatio(0.75, RatioBasis.Logical)).TotalKept);
        Assert.Equal(80, policy.Plan(half, RetentionBudget.OfRatio(0, RatioBasis.Logical)).TotalKept);
    }

    [Fact]
    public void A_budget_below_sinks_and_recents_keeps_sinks_then_the_newest_of_every_head()
    {
        PolicyInput input = TestInputs.Whole(new Random(4), layers: 3, kvHeads: 2, tokens: 30);
        foreach (bool structured in new[] { true, false })
        {
            KvComposePolicy policy = new(new KvComposeParameters { KeepFirst = 2, KeepLast = 10 }, structured);
            RetentionPlan plan = policy.Plan(input, RetentionBudget.OfSlots(3 * 2 * 5));
            for (int i = 0; i < 6; i++)
            {
                Assert.Equal([0, 1, 27, 28, 29], plan.Kept(i / 2, i % 2).ToArray());
            }
        }
    }

    [Fact]
    public void Composites_pair_the_ranks_of_heads_and_each_head_keeps_its_own_best()
    {
        // Layer 0 is worth .9, .4, .1 by rank, layer 1 .5, .3, .2: three composites are two of layer 0... and one of layer 1.
        PolicyInput input = new(CacheShape.Whole(2, 2, 3))
        {
            Attention = new AttentionScores(2, 2, [[.8f, .1f, .5f], [.1f, .3f, 1f], [.2f, .5f, .3f], [.5f, .3f, .2f]]),
        };
        KvComposePolicy policy = new(new KvComposeParameters { HeadMean = false });
        RetentionPlan plan = policy.Plan(input, RetentionBudget.OfSlots(6));
        Assert.Equal([0, 2], plan.Kept(0, 0).ToArray());
        Assert.Equal([1, 2], plan.Kept(0, 1).ToArray());
        Assert.Equal([1], plan.Kept(1, 0).ToArray());
        Assert.Equal([0], plan.Kept(1, 1).ToArray());
    }

    [Fact]
    public void Ragged_heads_share_a_composite_as_far_as_they_reach()
    {
        // Head 0 holds one slot, head 1 four: a composite beyond rank 0 costs one slot.
        CacheShape shape = new(1, 2, 10, [[3], [0, 2, 5, 9]]);
        PolicyInput input = new(shape) { Attention = new AttentionScores(1, 2, [[.9f], [.1f, .4f, .3f, .2f]]) };
        KvComposePolicy policy = new(new KvComposeParameters { HeadMean = false });
        RetentionPlan plan = policy.Plan(input, RetentionBudget.OfSlots(4));
        Assert.Equal([0], plan.Kept(0, 0).ToArray());
        Assert.Equal([1, 2, 3], plan.Kept(0, 1).ToArray());
    }

    [Fact]
    public void Head_means_join_equal_positions_of_ragged_heads()
    {
        CacheShape shape = new(1, 2, 6, [[1, 4], [0, 4, 5]]);
        AttentionScores scores = new(1, 2, [[1f, 2f], [4f, 6f, 8f]]);
        ScoreOperations.AddHeadMean(scores, shape);
        Assert.Equal([1.5f, 6f], scores.Row(0, 0).ToArray());
        Assert.Equal([6f, 10f, 12f], scores.Row(0, 1).ToArray());
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Scores_that_are_no_numbers_are_refused_by_place(float bad)
    {
        PolicyInput input = TestInputs.Whole(new Random(5), tokens: 2000);
        input.Attention!.Row(2, 3)[1234] = bad;
        KvComposePolicy policy = new(new KvComposeParameters { HeadMean = false });
        PolicyException error = Assert.Throws<PolicyException>(() => policy.Plan(input, RetentionBudget.OfRatio(0.5)));
        Assert.Contains("layer 2, KV head 1, slot 1234", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Huge_finite_scores_are_ranked()
    {
        CacheShape shape = CacheShape.Whole(1, 1, 3);
        PolicyInput input = new(shape) { Attention = new AttentionScores(1, 1, [[1e38f, 3e38f, 2e38f]]) };
        RetentionPlan plan = new KvComposePolicy(new KvComposeParameters { HeadMean = false }).Plan(input, RetentionBudget.OfSlots(2));
        Assert.Equal([1, 2], plan.Kept(0, 0).ToArray());
    }

    [Fact]
    public void Input_that_was_not_asked_for_so_is_refused()
    {
        KvComposePolicy policy = new(new KvComposeParameters { ValueNorm = true });
        RetentionBudget budget = RetentionBudget.OfRatio(0.5);
        PolicyInput input = TestInputs.Whole(new Random(6));
        Assert.Throws<ArgumentException>(() => policy.Plan(input with { Attention = null }, budget));
        Assert.Throws<ArgumentException>(() => policy.Plan(input with { ValueNorms = null }, budget));
        Assert.Throws<ArgumentException>(() => policy.Plan(input with { ValueNorms = input.Attention }, budget));
        Assert.Throws<ArgumentException>(() => policy.Plan(input with { Shape = CacheShape.Whole(4, 3, 61) }, budget));
        Assert.Throws<ArgumentException>(() => policy.Plan(input with { Shape = CacheShape.Whole(4, 4, 60) }, budget));
    }

    [Fact]
    public void Planning_does_not_change_its_input()
    {
        PolicyInput input = TestInputs.Whole(new Random(7), group: 1);
        float[] before = input.Attention!.Row(1, 2).ToArray();
        new KvComposePolicy(new KvComposeParameters { ValueNorm = true, KeepFirst = 4 }).Plan(input, RetentionBudget.OfRatio(0.5));
        Assert.Equal(before, input.Attention.Row(1, 2).ToArray());
    }

    [Fact]
    public void An_empty_cache_has_an_empty_plan()
    {
        PolicyInput input = TestInputs.Whole(new Random(8), tokens: 0);
        Assert.Equal(0, new KvComposePolicy().Plan(input, RetentionBudget.OfRatio(0.5)).TotalKept);
        Assert.Equal(0, new KvComposePolicy(structured: false).Plan(input, RetentionBudget.OfSlots(5)).TotalKept);
    }

    [Fact]
    public void Planning_allocates_in_proportion_to_what_it_is_given()
    {
        PolicyInput input = TestInputs.Whole(new Random(9), layers: 6, kvHeads: 3, tokens: 4096, group: 3);
        foreach (bool structured in new[] { true, false })
        {
            KvComposePolicy policy = new(structured: structured);
            policy.Plan(input, RetentionBudget.OfRatio(0.5));
            long before = GC.GetAllocatedBytesForCurrentThread();
            policy.Plan(input, RetentionBudget.OfRatio(0.5));
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

            // Scores and their sorted copy at 4 bytes a slot, composites at a third of that, kept slots at half.
            Assert.InRange(allocated, 0, input.Shape.TotalSlots * 14);
        }
    }
}
