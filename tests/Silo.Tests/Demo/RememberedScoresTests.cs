using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Silo.Demo;

namespace KVCluster.Silo.Tests.Demo;

public class RememberedScoresTests
{
    [Fact]
    public void Scores_are_asked_for_once_and_serve_every_budget()
    {
        KvComposePolicy policy = new();
        RememberedScores remembered = new("mine", policy);
        CacheShape shape = CacheShape.Whole(layers: 2, kvHeads: 1, tokens: 8);
        PolicyInput scored = new(shape) { Attention = Scores(shape) };
        Assert.Equal(policy.Request, remembered.Request);
        Assert.Equal("mine", remembered.Name);

        foreach (double ratio in new[] { 0.25, 0.5, 0.75 })
        {
            RetentionBudget budget = RetentionBudget.OfRatio(ratio);
            RetentionPlan expected = policy.Plan(scored, budget);
            RetentionPlan plan = remembered.Plan(remembered.Request.Attention is null ? new PolicyInput(shape) : scored, budget);
            for (int layer = 0; layer < shape.Layers; layer++)
            {
                Assert.Equal(expected.Kept(layer, 0).ToArray(), plan.Kept(layer, 0).ToArray());
            }

            Assert.Equal(RetentionSummary.Of(expected, shape, scored.Attention).DroppedMass, remembered.DroppedMass);
            Assert.Equal(ScoreRequest.None, remembered.Request);
        }
    }

    [Fact]
    public void Another_cache_is_refused()
    {
        RememberedScores remembered = new("mine", new StreamingLlmPolicy());
        RetentionBudget budget = RetentionBudget.OfRatio(0.5);
        remembered.Plan(new PolicyInput(CacheShape.Whole(1, 1, 8)), budget);
        Assert.Throws<ArgumentException>(() => remembered.Plan(new PolicyInput(CacheShape.Whole(1, 1, 9)), budget));
    }

    private static AttentionScores Scores(CacheShape shape)
    {
        Random random = new(5);
        float[][] rows = new float[shape.Layers * shape.KvHeads][];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = [.. Enumerable.Range(0, shape.LogicalLength).Select(_ => random.NextSingle())];
        }

        return new AttentionScores(shape.Layers, shape.KvHeads, rows);
    }
}
