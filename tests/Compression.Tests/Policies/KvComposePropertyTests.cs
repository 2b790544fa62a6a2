using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Tests.Policies;

/// <summary>What holds for any scores, structured and not, on whole and on ragged caches.</summary>
public sealed class KvComposePropertyTests
{
    private const int Rounds = 60;
    private static readonly double[] _ratios = [0, 0.1, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95, 0.99];

    public static TheoryData<bool, bool> Kinds() => new() { { true, false }, { true, true }, { false, false }, { false, true } };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Budgets_in_slots_are_respected_and_used_up(bool structured, bool ragged)
    {
        ForAny(ragged, (random, input) =>
        {
            long slots = random.NextInt64(input.Shape.TotalSlots + 5);
            RetentionPlan plan = new KvComposePolicy(RandomParameters(random), structured).Plan(input, RetentionBudget.OfSlots(slots));
            PlanAssert.Valid(plan, input.Shape);
            long allowed = Math.Min(slots, input.Shape.TotalSlots);

            // A composite is kept whole or not at all, hence a rest of less than one.
            long rest = structured ? input.Shape.KvHeads - 1 : 0;
            Assert.InRange(plan.TotalKept, allowed - rest, allowed);
        });
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Kept_sets_are_nested_as_the_ratio_grows(bool structured, bool ragged)
    {
        ForAny(ragged, (random, input) =>
        {
            KvComposePolicy policy = new(RandomParameters(random), structured);
            RetentionPlan? larger = null;
            foreach (double ratio in _ratios)
            {
                RetentionPlan plan = policy.Plan(input, RetentionBudget.OfRatio(ratio));
                if (larger is null)
                {
                    Assert.Equal(input.Shape.TotalSlots, plan.TotalKept);
                }
                else
                {
                    PlanAssert.Nested(plan, larger);
                }

                larger = plan;
            }
        });
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Sinks_and_recents_stay_while_they_fit_the_budget(bool structured, bool ragged)
    {
        ForAny(ragged, (random, input) =>
        {
            int first = random.Next(5);
            int last = random.Next(8);
            CacheShape shape = input.Shape;
            long guarded = Guarded(shape, first, last, structured);
            KvComposePolicy policy = new(new KvComposeParameters { KeepFirst = first, KeepLast = last, MinimumPerHead = 0 }, structured);
            RetentionPlan plan = policy.Plan(input, RetentionBudget.OfSlots(guarded + random.Next(20)));
            for (int layer = 0; layer < shape.Layers; layer++)
            {
                for (int head = 0; head < shape.KvHeads; head++)
                {
                    HashSet<int> kept = [.. plan.Kept(layer, head).ToArray().Select(s => shape.Position(layer, head, s))];
                    HashSet<int> guardedPositions = [.. Positions(shape, layer, head)];
                    guardedPositions.RemoveWhere(p => p >= first && p < shape.LogicalLength - last);
                    Assert.Superset(guardedPositions, kept);
                }
            }
        });
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_head_floor_holds(bool structured, bool ragged)
    {
        ForAny(ragged, (random, input) =>
        {
            CacheShape shape = input.Shape;
            KvComposePolicy policy = new(new KvComposeParameters { HeadFloor = 2, HeadFloorShare = 0.3 }, structured);
            long slots = (2 * shape.Layers * shape.KvHeads) + random.Next(300);
            RetentionPlan plan = policy.Plan(input, RetentionBudget.OfSlots(slots));
            slots = Math.Min(slots, shape.TotalSlots);
            int floor = Math.Max(2, (int)(0.3 * slots / (shape.Layers * shape.KvHeads)));
            for (int layer = 0; layer < shape.Layers; layer++)
            {
                for (int head = 0; head < shape.KvHeads; head++)
                {
                    Assert.True(plan.Kept(layer, head).Length >= Math.Min(floor, shape.Slots(layer, head)));
                }
            }
        });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Permuted_heads_give_the_permuted_plan(bool structured)
    {
        ForAny(false, (random, input) =>
        {
            CacheShape shape = input.Shape;
            int group = input.Attention!.Heads / shape.KvHeads;
            int[] order = Enumerable.Range(0, shape.KvHeads).ToArray();
            random.Shuffle(order);
            float[][] rows = Enumerable.Range(0, shape.Layers)
                .SelectMany(l => order.SelectMany(h => Enumerable.Range(h * group, group)).Select(h => input.Attention.Row(l, h).ToArray()))
                .ToArray();
            PolicyInput permuted = new(shape) { Attention = new AttentionScores(shape.Layers, input.Attention.Heads, rows) };
            KvComposePolicy policy = new(structured: structured);
            RetentionPlan plan = policy.Plan(input, RetentionBudget.OfRatio(0.6));
            RetentionPlan other = policy.Plan(permuted, RetentionBudget.OfRatio(0.6));
            for (int layer = 0; layer < shape.Layers; layer++)
            {
                for (int head = 0; head < order.Length; head++)
                {
                    Assert.Equal(plan.Kept(layer, order[head]).ToArray(), other.Kept(layer, head).ToArray());
                }
            }
        });
    }

    [Fact]
    public void Structured_heads_of_a_layer_stay_equal_over_repeated_compression()
    {
        ForAny(false, (random, input) =>
        {
            KvComposePolicy policy = new();
            for (int round = 0; round < 3; round++)
            {
                RetentionPlan plan = policy.Plan(input, RetentionBudget.OfRatio(0.4));
                input = TestInputs.After(random, input.Shape, plan);
                Assert.True(input.Shape.IsEvenInLayers());
                Assert.Equal(plan.TotalKept, input.Shape.TotalSlots);
            }
        });
    }

    [Fact]
    public void Unstructured_keeps_exactly_the_largest_scores()
    {
        ForAny(true, (random, input) =>
        {
            KvComposePolicy policy = new(structured: false);
            AttentionScores scores = policy.Score(input);
            RetentionPlan plan = policy.Plan(input, RetentionBudget.OfRatio(0.7));
            List<float> kept = [];
            List<float> dropped = [];
            for (int i = 0; i < scores.Layers * scores.Heads; i++)
            {
                float[] row = scores.Row(i / scores.Heads, i % scores.Heads).ToArray();
                HashSet<int> slots = [.. plan.Kept(i / scores.Heads, i % scores.Heads).ToArray()];
                kept.AddRange(row.Where((_, j) => slots.Contains(j)));
                dropped.AddRange(row.Where((_, j) => !slots.Contains(j)));
            }

            Assert.True(kept.Count == 0 || dropped.Count == 0 || kept.Min() >= dropped.Max());
        });
    }

    private static void ForAny(bool ragged, Action<Random, PolicyInput> check)
    {
        for (int seed = 0; seed < Rounds; seed++)
        {
            Random random = new(seed);
            int layers = random.Next(1, 6);
            int heads = random.Next(1, 5);
            int tokens = random.Next(1, 90);
            int group = random.Next(1, 4);
            check(random, ragged
                ? TestInputs.Ragged(random, layers, heads, tokens, group)
                : TestInputs.Whole(random, layers, heads, tokens, group));
        }
    }

    private static KvComposeParameters RandomParameters(Random random) => new()
    {
        Group = random.Next(2) == 0 ? GroupReduction.Mean : GroupReduction.Max,
        ValueNorm = random.Next(2) == 0,
        HeadMean = random.Next(2) == 0,
        KeepTokenLowerBound = random.Next(3) * 2,
        KeepFirst = random.Next(4),
        KeepLast = random.Next(4),
        HeadFloor = random.Next(3),
        HeadFloorShare = random.Next(3) * 0.2,
        ReferenceLayer0 = random.Next(4) == 0,
        MinimumPerHead = 0,
    };

    private static IEnumerable<int> Positions(CacheShape shape, int layer, int head) =>
        Enumerable.Range(0, shape.Slots(layer, head)).Select(s => shape.Position(layer, head, s));

    // What the floors that hold the protected slots take: structured, every head of a layer reaches the rank of the one with the most.
    private static long Guarded(CacheShape shape, int first, int last, bool structured)
    {
        long total = 0;
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            int[] counts = Enumerable.Range(0, shape.KvHeads)
                .Select(h => Positions(shape, layer, h).Count(p => p < first || p >= shape.LogicalLength - last))
                .ToArray();
            total += structured ? Enumerable.Range(0, shape.KvHeads).Sum(h => Math.Min(counts.Max(), shape.Slots(layer, h))) : counts.Sum();
        }

        return total;
    }
}
