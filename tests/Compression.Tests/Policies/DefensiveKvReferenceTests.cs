using System.Globalization;
using System.Text.Json;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;

namespace KVCluster.Compression.Tests.Policies;

/// <summary>DefensiveKV against its authors' code.</summary>
public sealed class DefensiveKvReferenceTests
{
    private const int KvHeads = 2;

    [Theory]
    [InlineData("layer")]
    [InlineData("model")]
    public void Kept_sets_are_those_of_the_authors_code(string scope)
    {
        foreach (JsonElement test in ReferenceValues.Cases("defensivekv"))
        {
            AttentionScores attention = test.GetProperty("attention").Scores();
            var input = new PolicyInput(CacheShape.Whole(attention.Layers, KvHeads, test.GetProperty("tokens").GetInt32()))
            {
                Attention = attention,
                ProjectedValueNorms = test.GetProperty("norms").Scores(),
            };
            string window = test.GetProperty("window").GetInt32().ToString(CultureInfo.InvariantCulture);
            ICompressionPolicy policy = CompressionPolicies.Parse(
                $"defensivekv:scope={scope},window={window},kernel=1,norm=l1,head-shares=true,minimum-per-head=0");
            RetentionPlan plan = policy.Plan(input, RetentionBudget.OfRatio(test.GetProperty("ratio").GetDouble()));
            for (int i = 0; i < plan.Layers * KvHeads; i++)
            {
                Assert.Equal(test.GetProperty(scope)[i / KvHeads][i % KvHeads].Integers(), plan.Kept(i / KvHeads, i % KvHeads).ToArray());
            }
        }
    }

    [Theory]
    [InlineData("layer")]
    [InlineData("model")]
    public void With_smoothed_rows_and_the_first_stage_they_are_those_of_the_whole_code(string scope)
    {
        foreach (JsonElement test in ReferenceValues.Cases("defensivekv-stages"))
        {
            RetentionPlan plan = Plan(test, scope, "first-stage=0.9,reference-window-share=true");
            for (int i = 0; i < plan.Layers * KvHeads; i++)
            {
                Assert.Equal(test.GetProperty(scope)[i / KvHeads][i % KvHeads].Integers(), plan.Kept(i / KvHeads, i % KvHeads).ToArray());
            }
        }
    }

    [Theory]
    [InlineData("layer", "first-stage=0")]
    [InlineData("layer", "first-stage=0.9,norm=l2,head-shares=false")]
    [InlineData("model", "first-stage=0.9,kernel=1")]
    public void Every_part_of_it_matters(string scope, string without)
    {
        bool differs = ReferenceValues.Cases("defensivekv-stages").Any(test =>
        {
            RetentionPlan plan = Plan(test, scope, without);
            return Enumerable.Range(0, plan.Layers * KvHeads).Any(i => !plan.Kept(i / KvHeads, i % KvHeads)
                .SequenceEqual(test.GetProperty(scope)[i / KvHeads][i % KvHeads].Integers()));
        });
        Assert.True(differs);
    }

    [Fact]
    public void Shares_of_heads_need_heads_of_one_length()
    {
        var shape = new CacheShape(1, 2, 3, [[0, 1, 2], [0, 2]]);
        var scores = new AttentionScores(1, 2, [[1, 1, 1], [1, 1]]);
        var input = new PolicyInput(shape) { Attention = scores, ProjectedValueNorms = scores };
        PolicyException error = Assert.Throws<PolicyException>(
            () => CompressionPolicies.Parse("defensivekv:window=1,head-shares=true").Plan(input, RetentionBudget.OfRatio(0.5)));
        Assert.Contains("different lengths", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The plan at the settings of the paper's code, but for those given.</summary>
    private static RetentionPlan Plan(JsonElement test, string scope, string settings)
    {
        string[] given = [.. settings.Split(',').Select(s => s.Split('=')[0])];
        string[] usual = ["norm=l1", "head-shares=true", $"kernel={test.GetProperty("kernel").GetInt32()}"];
        string rest = string.Join(',', usual.Where(u => !given.Contains(u.Split('=')[0])).Append(settings));
        ICompressionPolicy policy = CompressionPolicies.Parse(
            $"defensivekv:scope={scope},minimum-per-head=0,window={test.GetProperty("window").GetInt32()},{rest}");
        JsonElement rows = test.GetProperty("rows");
        (AttentionScores largest, AttentionScores mean) = WindowRows.Of(rows, policy.Request.Attention!.SmoothingKernel);
        var input = new PolicyInput(CacheShape.Whole(largest.Layers, KvHeads, test.GetProperty("tokens").GetInt32()))
        {
            Attention = largest,
            MeanAttention = mean,
            ProjectedValueNorms = test.GetProperty("norms").Scores(),
        };
        return policy.Plan(input, RetentionBudget.OfRatio(test.GetProperty("ratio").GetDouble()));
    }
}
