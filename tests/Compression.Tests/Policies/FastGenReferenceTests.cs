using System.Globalization;
using System.Text.Json;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;

namespace KVCluster.Compression.Tests.Policies;

/// <summary>FastGen against a public implementation.</summary>
public sealed class FastGenReferenceTests
{
    [Fact]
    public void Each_head_takes_the_references_strategy_and_keeps_its_slots()
    {
        var strategies = new HashSet<int>();
        foreach (JsonElement test in ReferenceValues.Cases("fastgen"))
        {
            float[][] rows = [.. test.GetProperty("attention").EnumerateArray().Select(h => h.Floats())];
            var input = new PolicyInput(CacheShape.Whole(1, rows.Length, rows[0].Length))
            {
                Attention = new AttentionScores(1, rows.Length, rows),
                TokenKinds = Array.ConvertAll(
                    test.GetProperty("kinds").Integers(),
                    kind => kind == 2 ? TokenKind.Special : kind == 1 ? TokenKind.Punctuation : TokenKind.Plain),
            };
            string specification = string.Create(
                CultureInfo.InvariantCulture,
                $"fastgen:recovery={Number("recovery")},frequent-share={Number("frequent")},local-share={Number("local")},sinks={Number("sinks")},");
            ICompressionPolicy policy = CompressionPolicies.Parse(specification + "window=0,apart=true,seen-mean=true,minimum-per-head=0");
            RetentionPlan plan = policy.Plan(input, RetentionBudget.OfRatio(0));
            for (int head = 0; head < rows.Length; head++)
            {
                Assert.Equal(test.GetProperty("kept")[head].Integers(), plan.Kept(0, head).ToArray());
            }

            strategies.UnionWith(test.GetProperty("strategies").Integers());

            double Number(string name) => test.GetProperty(name).GetDouble();
        }

        Assert.Equal([0, 1, 2, 3, 4], strategies.Order());
    }
}
