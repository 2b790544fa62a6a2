using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;

namespace KVCluster.Compression.Tests.Policies;

public sealed class StreamingLlmPolicyTests
{
    [Fact]
    public void Keeps_sinks_and_the_most_recent_and_asks_for_nothing()
    {
        StreamingLlmPolicy policy = new(new StreamingLlmParameters { Sinks = 2 });
        Assert.Equal(ScoreRequest.None, policy.Request);
        RetentionPlan plan = policy.Plan(new PolicyInput(CacheShape.Whole(2, 2, 10)), RetentionBudget.OfRatio(0.5));
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal([0, 1, 7, 8, 9], plan.Kept(i / 2, i % 2).ToArray());
        }
    }

    [Fact]
    public void Shorter_heads_keep_what_they_have()
    {
        CacheShape shape = new(1, 3, 20, [[0, 1, 2, 8, 9, 10, 11, 19], [5, 6], []]);
        RetentionPlan plan = new StreamingLlmPolicy(new StreamingLlmParameters { Sinks = 1, MinimumPerHead = 0 })
            .Plan(new PolicyInput(shape), RetentionBudget.OfSlots(6));
        Assert.Equal([0, 5, 6, 7], plan.Kept(0, 0).ToArray());
        Assert.Equal([0, 1], plan.Kept(0, 1).ToArray());
        Assert.Empty(plan.Kept(0, 2).ToArray());
    }

    [Fact]
    public void Kept_sets_are_nested_within_budget_and_whole_at_ratio_0()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            Random random = new(seed);
            PolicyInput input = seed % 2 == 0 ? TestInputs.Whole(random, tokens: random.Next(1, 50)) : TestInputs.Ragged(random);
            StreamingLlmPolicy policy = new(new StreamingLlmParameters { MinimumPerHead = 0 });
            RetentionPlan larger = policy.Plan(input, RetentionBudget.OfRatio(0));
            Assert.Equal(input.Shape.TotalSlots, larger.TotalKept);
            foreach (double ratio in new[] { 0.2, 0.5, 0.8, 0.95 })
            {
                RetentionPlan plan = policy.Plan(input, RetentionBudget.OfRatio(ratio));
                PlanAssert.Valid(plan, input.Shape);
                PlanAssert.Nested(plan, larger);
                Assert.True(plan.TotalKept <= RetentionBudget.OfRatio(ratio).Slots(input.Shape));
                larger = plan;
            }
        }
    }

    [Fact]
    public void A_short_context_keeps_a_slot_in_every_head()
    {
        RetentionPlan plan = new StreamingLlmPolicy().Plan(new PolicyInput(CacheShape.Whole(2, 2, 5)), RetentionBudget.OfRatio(0.9));
        Assert.Equal(4, plan.TotalKept);
    }
}
