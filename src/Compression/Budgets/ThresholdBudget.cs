namespace KVCluster.Compression.Budgets;

/// <summary>
/// One threshold for everything, exactly: over all rows (layers of a cache, heads, or layers of many sessions) the entries of greatest
/// value stay while their cost fits the target, within floors. Rows are sorted, so a threshold is tried by binary search in each of them,
/// and the threshold itself is bisected over the bits of a double: no list of all entries is ever made.
/// </summary>
public static class ThresholdBudget
{
    /// <summary>
    /// Shares <paramref name="target"/> out. Taking stops at the first entry (or group of equals) that does not fit; no later, cheaper one
    /// is taken instead. If the floors alone exceed the target they stay and nothing else does.
    /// </summary>
    public static ThresholdAllocation Solve(IReadOnlyList<BudgetRow> rows, long target, TieRule ties = TieRule.WholeGroups)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(target);
        int[] counts = new int[rows.Count];
        long used = Fill(rows, double.PositiveInfinity, aboveOnly: true, counts);
        if (used > target)
        {
            return new ThresholdAllocation(counts, null, used, false);
        }

        ulong threshold = LowestThatFits(rows, target, counts);
        used = Fill(rows, FromOrder(threshold), aboveOnly: threshold == ulong.MaxValue, counts);
        if (ties != TieRule.WholeGroups)
        {
            used += ties == TieRule.RowFirst ? TakeByRow(rows, target - used, counts) : TakeByRank(rows, target - used, counts);
        }

        return new ThresholdAllocation(counts, LowestTaken(rows, counts), used, true);
    }

    /// <summary>
    /// The same with the target above the floors: where the floors together exceed it, their entries compete among themselves. Equal values
    /// are shared alike over the rows.
    /// </summary>
    public static ThresholdAllocation SolveWithin(IReadOnlyList<BudgetRow> rows, long target)
    {
        ThresholdAllocation solved = Solve(rows, target, TieRule.RankFirst);
        if (solved.Feasible)
        {
            return solved;
        }

        BudgetRow[] floors = new BudgetRow[rows.Count];
        for (int i = 0; i < floors.Length; i++)
        {
            floors[i] = rows[i].FloorOnly();
        }

        return Solve(floors, target, TieRule.RankFirst) with { Feasible = false };
    }

    // The smallest threshold whose entries fit, in the order of doubles as unsigned integers; MaxValue where not even the largest group
    // does.
    private static ulong LowestThatFits(IReadOnlyList<BudgetRow> rows, long target, int[] counts)
    {
        ulong low = ToOrder(double.NegativeInfinity);
        ulong high = ToOrder(double.PositiveInfinity) + 1;
        ulong none = high;
        while (low < high)
        {
            ulong middle = low + ((high - low) >> 1);
            if (Fill(rows, FromOrder(middle), aboveOnly: false, counts) <= target)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low == none ? ulong.MaxValue : low;
    }

    // Counts at a threshold and their cost; aboveOnly leaves the floors alone.
    private static long Fill(IReadOnlyList<BudgetRow> rows, double threshold, bool aboveOnly, int[] counts)
    {
        long used = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            BudgetRow row = rows[i];
            counts[i] = aboveOnly ? row.Floor : Math.Max(row.Floor, row.CountAtLeast(threshold));
            used += row.Cost(counts[i]);
        }

        return used;
    }

    private static long TakeByRow(IReadOnlyList<BudgetRow> rows, long left, int[] counts)
    {
        double? next = GreatestLeft(rows, counts);
        long taken = 0;
        for (int i = 0; i < counts.Length && next is not null; i++)
        {
            while (counts[i] < rows[i].Length && rows[i].Value(counts[i]) == next)
            {
                if (!Take(rows[i], ref counts[i], ref taken, left))
                {
                    return taken;
                }
            }
        }

        return taken;
    }

    private static long TakeByRank(IReadOnlyList<BudgetRow> rows, long left, int[] counts)
    {
        double? next = GreatestLeft(rows, counts);
        if (next is null)
        {
            return 0;
        }

        int[] ends = new int[counts.Length];
        int first = int.MaxValue;
        int last = 0;
        for (int i = 0; i < ends.Length; i++)
        {
            ends[i] = rows[i].CountAtLeast(next.Value);
            first = ends[i] > counts[i] ? Math.Min(first, counts[i]) : first;
            last = Math.Max(last, ends[i]);
        }

        long taken = 0;
        for (int rank = first; rank < last; rank++)
        {
            for (int i = 0; i < counts.Length; i++)
            {
                if (counts[i] == rank && rank < ends[i] && !Take(rows[i], ref counts[i], ref taken, left))
                {
                    return taken;
                }
            }
        }

        return taken;
    }

    private static bool Take(BudgetRow row, ref int count, ref long taken, long left)
    {
        long cost = row.Cost(count + 1) - row.Cost(count);
        if (taken + cost > left)
        {
            return false;
        }

        taken += cost;
        count++;
        return true;
    }

    private static double? GreatestLeft(IReadOnlyList<BudgetRow> rows, int[] counts)
    {
        double? greatest = null;
        for (int i = 0; i < counts.Length; i++)
        {
            if (counts[i] < rows[i].Length && !(rows[i].Value(counts[i]) <= greatest))
            {
                greatest = rows[i].Value(counts[i]);
            }
        }

        return greatest;
    }

    private static double? LowestTaken(IReadOnlyList<BudgetRow> rows, int[] counts)
    {
        double? lowest = null;
        for (int i = 0; i < counts.Length; i++)
        {
            if (counts[i] > rows[i].Floor && !(rows[i].Value(counts[i] - 1) >= lowest))
            {
                lowest = rows[i].Value(counts[i] - 1);
            }
        }

        return lowest;
    }

    private static ulong ToOrder(double value)
    {
        ulong bits = BitConverter.DoubleToUInt64Bits(value);
        return bits ^ ((ulong)((long)bits >> 63) | 0x8000_0000_0000_0000);
    }

    private static double FromOrder(ulong order) =>
        BitConverter.UInt64BitsToDouble(order ^ ((order >> 63) == 1 ? 0x8000_0000_0000_0000 : ulong.MaxValue));
}
