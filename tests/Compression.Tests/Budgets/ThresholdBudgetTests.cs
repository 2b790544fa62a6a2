using KVCluster.Compression.Budgets;

namespace KVCluster.Compression.Tests.Budgets;

/// <summary>The bisection against the definition: a sorted list of all entries, taken one after another.</summary>
public sealed class ThresholdBudgetTests
{
    [Theory]
    [InlineData(TieRule.WholeGroups)]
    [InlineData(TieRule.RowFirst)]
    [InlineData(TieRule.RankFirst)]
    public void Equals_the_plain_definition(TieRule ties)
    {
        for (int seed = 0; seed < 400; seed++)
        {
            Random random = new(seed);
            BudgetRow[] rows = Enumerable.Range(0, random.Next(1, 6)).Select(_ => RandomRow(random)).ToArray();
            long target = random.NextInt64(rows.Sum(r => r.Cost(r.Length)) + 3);
            ThresholdAllocation solved = ThresholdBudget.Solve(rows, target, ties);
            Assert.Equal(Plain(rows, target, ties), solved.Counts);
            Assert.Equal(rows.Select((r, i) => r.Cost(solved.Counts[i])).Sum(), solved.Used);
            Assert.Equal(rows.Sum(r => r.Cost(r.Floor)) <= target, solved.Feasible);
        }
    }

    [Fact]
    public void Within_a_target_below_the_floors_the_floors_compete()
    {
        BudgetRow[] rows = [new(new float[] { 9, 8, 1 }, 1, floor: 2), new(new float[] { 7, 3, 2 }, 1, floor: 2)];
        ThresholdAllocation solved = ThresholdBudget.SolveWithin(rows, 3);
        Assert.Equal([2, 1], solved.Counts);
        Assert.False(solved.Feasible);
        Assert.Equal([2, 2], ThresholdBudget.Solve(rows, 3).Counts);
    }

    [Fact]
    public void Equal_values_are_shared_by_rank_or_taken_by_row()
    {
        BudgetRow[] rows = [new(new float[4], 1), new(new float[4], 1), new(new float[4], 1)];
        Assert.Equal([0, 0, 0], ThresholdBudget.Solve(rows, 5).Counts);
        Assert.Equal([4, 1, 0], ThresholdBudget.Solve(rows, 5, TieRule.RowFirst).Counts);
        Assert.Equal([2, 2, 1], ThresholdBudget.Solve(rows, 5, TieRule.RankFirst).Counts);
    }

    [Fact]
    public void Rows_that_cannot_be_compared_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new BudgetRow(new[] { 1f, 2f }, 1));
        Assert.Throws<ArgumentException>(() => new BudgetRow(new[] { float.NaN }, 1));
        Assert.Throws<ArgumentException>(() => new BudgetRow(new[] { 1f, float.NaN }, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BudgetRow(new[] { 1f }, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BudgetRow(new[] { 1f }, 1, weight: double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BudgetRow(new[] { 1f }, 1, weight: -1));
    }

    // Few different values, some negative or zero, so that ties and both signs occur; some rows ragged, some empty.
    private static BudgetRow RandomRow(Random random)
    {
        float[] scores = Enumerable.Range(0, random.Next(12)).Select(_ => random.Next(-3, 8) / 4f).OrderDescending().ToArray();
        int floor = random.Next(4);
        int cost = random.Next(1, 4);
        return random.Next(3) == 0
            ? new BudgetRow(scores, cost, floor, [scores.Length, random.Next(scores.Length + 1), random.Next(scores.Length + 1)])
            : new BudgetRow(scores, cost, floor, random.Next(3) / 2.0);
    }

    private static int[] Plain(BudgetRow[] rows, long target, TieRule ties)
    {
        int[] counts = Array.ConvertAll(rows, r => r.Floor);
        long used = rows.Sum(r => r.Cost(r.Floor));
        var entries = rows
            .SelectMany((r, row) => Enumerable.Range(r.Floor, r.Length - r.Floor)
                .Select(rank => (Row: row, Rank: rank, Value: r.Value(rank))))
            .GroupBy(e => e.Value)
            .OrderByDescending(g => g.Key);
        foreach (var group in entries)
        {
            var ordered = ties == TieRule.RankFirst
                ? group.OrderBy(e => e.Rank).ThenBy(e => e.Row)
                : group.OrderBy(e => e.Row).ThenBy(e => e.Rank);
            long whole = ordered.Sum(e => EntryCost(rows[e.Row], e.Rank));
            if (ties == TieRule.WholeGroups && used + whole > target)
            {
                return counts;
            }

            foreach ((int row, int rank, _) in ordered)
            {
                if (used + EntryCost(rows[row], rank) > target)
                {
                    return counts;
                }

                used += EntryCost(rows[row], rank);
                counts[row]++;
            }
        }

        return counts;
    }

    private static long EntryCost(BudgetRow row, int rank) => row.Cost(rank + 1) - row.Cost(rank);
}
