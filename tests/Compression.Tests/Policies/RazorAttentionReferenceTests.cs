using System.Text.Json;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;

namespace KVCluster.Compression.Tests.Policies;

/// <summary>RazorAttention against a public implementation.</summary>
public sealed class RazorAttentionReferenceTests
{
    [Fact]
    public void The_heads_that_keep_everything_are_the_references()
    {
        foreach (JsonElement test in ReferenceValues.Cases("razorattention"))
        {
            int[][] wanted = Heads(test, "inductionHeads");
            RetentionPlan plan = Plan(
                test,
                [.. test.GetProperty("induction").EnumerateArray().Select(l => l.Floats())],
                wanted,
                test.GetProperty("inductionShare").GetDouble(),
                compensate: true);
            for (int layer = 0; layer < plan.Layers && Streams(test); layer++)
            {
                int[] whole = [.. Enumerable.Range(0, plan.KvHeads).Where(h => plan.Kept(layer, h).Length == Tokens(test))];
                Assert.Equal(wanted[layer], whole);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_other_heads_keep_and_merge_the_references_slots(bool compensate)
    {
        foreach (JsonElement test in ReferenceValues.Cases("razorattention"))
        {
            int[][] retrieving = Heads(test, "retrieving");
            int layers = retrieving.Length;
            int kvHeads = test.GetProperty("kvHeads").GetInt32();
            float[][] marks = [.. retrieving.Select(heads => Enumerable.Range(0, kvHeads).Select(h => heads.Contains(h) ? 1f : 0f).ToArray())];
            double share = (double)retrieving.Sum(h => h.Length) / (layers * kvHeads);
            RetentionPlan plan = Plan(test, marks, retrieving, share, compensate);
            for (int i = 0; i < layers * kvHeads; i++)
            {
                if (!retrieving[i / kvHeads].Contains(i % kvHeads))
                {
                    Check(test, plan, i / kvHeads, i % kvHeads, compensate);
                }
            }
        }
    }

    private static void Check(JsonElement test, RetentionPlan plan, int layer, int head, bool compensate)
    {
        int[] kept = plan.Kept(layer, head).ToArray();
        if (!compensate || !Streams(test))
        {
            Assert.Equal(test.GetProperty("positionsWithout").Integers(), kept);
            return;
        }

        // The reference's merged row stands behind the sinks; its first number is the mean of the positions in it.
        int carrier = plan.Carrier(layer, head);
        int[] merged = [carrier, .. Enumerable.Range(0, Tokens(test)).Except(kept)];
        float[] positions = test.GetProperty("positions").Floats();
        Assert.Equal(positions, kept.Select(slot => slot == carrier ? (float)merged.Average() : slot));
    }

    private static RetentionPlan Plan(JsonElement test, float[][] induction, int[][] retrieving, double share, bool compensate)
    {
        int kvHeads = test.GetProperty("kvHeads").GetInt32();
        int whole = retrieving.Sum(h => h.Length);
        long slots = (whole * Tokens(test)) + (((induction.Length * kvHeads) - whole) * Math.Min(Tokens(test), Capacity(test)));
        var policy = new RazorAttentionPolicy(new RazorAttentionParameters
        {
            RetrievalShare = share,
            Sinks = test.GetProperty("sinks").GetInt32(),
            MinimumRecents = 1,
            Compensate = compensate,
        });
        var input = new PolicyInput(CacheShape.Whole(induction.Length, kvHeads, Tokens(test)))
        {
            Calibration = new HeadCalibration { InductionScores = induction },
        };
        return policy.Plan(input, RetentionBudget.OfSlots(slots));
    }

    private static int[][] Heads(JsonElement test, string name) => [.. test.GetProperty(name).EnumerateArray().Select(h => h.Integers())];

    private static int Tokens(JsonElement test) => test.GetProperty("tokens").GetInt32();

    private static int Capacity(JsonElement test) => test.GetProperty("capacity").GetInt32();

    /// <summary>Whether the context is longer than what the other heads may keep.</summary>
    private static bool Streams(JsonElement test) => Tokens(test) > Capacity(test);
}
