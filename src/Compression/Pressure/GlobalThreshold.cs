namespace KVCluster.Compression.Pressure;

/// <summary>
/// One threshold tau over all layers of all sessions: the smallest for which
/// <c>sum over s,l of floorBytes(s,l) + bytes(l) * |{i beyond the floor : w_s c[s,l,i] >= tau}| &lt;= target</c>, from histograms. It lies within one
/// bin of the exact one (<see cref="Budgets.ThresholdBudget"/>), costs a table look-up for each session and step of the search, and
/// allocates nothing.
/// </summary>
/// <remarks>
/// Building the profiles is O(sessions x layers x bins) and done when scores are made; a solve is O(sessions) times the steps, whose number
/// depends on the bins and on the spread of the weights alone. Sums are integers, so the order of the sessions does not matter. A larger
/// target never gives a larger threshold, since the steps of the search do not depend on it.
/// </remarks>
public static class GlobalThreshold
{
    /// <summary>The smallest weight above 0.</summary>
    public const double LeastWeight = 1e-9;

    /// <summary>The largest weight.</summary>
    public const double MostWeight = 1e9;

    /// <summary>Shares <paramref name="target"/> bytes out over sessions.</summary>
    /// <exception cref="ArgumentException">A weight is neither 0 nor between the bounds.</exception>
    public static ThresholdSolution Solve(ReadOnlySpan<WeightedProfile> sessions, long target)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(target);
        long floors = 0;
        long total = 0;
        double least = MostWeight;
        double most = LeastWeight;
        for (int i = 0; i < sessions.Length; i++)
        {
            double weight = sessions[i].Weight;
            CheckWeight(weight, i);
            floors = checked(floors + sessions[i].Profile.FloorBytes);
            total = checked(total + sessions[i].Profile.TotalBytes);
            least = Math.Min(least, ThresholdSolution.Effective(weight));
            most = Math.Max(most, weight);
        }

        if (total <= target)
        {
            return new ThresholdSolution(0, total, true);
        }

        if (floors > target)
        {
            return new ThresholdSolution(double.PositiveInfinity, floors, false);
        }

        return Search(sessions, target - floors, floors, least, most);
    }

    /// <summary>Throws ArgumentException unless a weight is 0 or between the bounds.</summary>
    internal static void CheckWeight(double weight, int session)
    {
        if (weight != 0 && !(weight >= LeastWeight && weight <= MostWeight))
        {
            throw new ArgumentException(
                $"the weight of session {session} is {weight}: it is 0 or lies in [{LeastWeight}, {MostWeight}]", nameof(weight));
        }
    }

    // Positions are those of the least weight, so that its bins are told apart as finely as those of the largest.
    private static ThresholdSolution Search(ReadOnlySpan<WeightedProfile> sessions, long target, long floors, double least, double most)
    {
        long low = 1;
        long high = ScoreBins.End + (ScoreBins.PerOctave * ScoreBins.One * (2 + (long)Math.Ceiling(Math.Log2(most / least))));
        while (low < high)
        {
            long middle = low + ((high - low) >> 1);
            if (BeyondFloors(sessions, least * ScoreBins.ValueAt(middle)) <= target)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        double threshold = least * ScoreBins.ValueAt(low);
        return new ThresholdSolution(threshold, floors + BeyondFloors(sessions, threshold), true);
    }

    private static long BeyondFloors(ReadOnlySpan<WeightedProfile> sessions, double threshold)
    {
        long bytes = 0;
        foreach (ref readonly WeightedProfile session in sessions)
        {
            bytes += session.Profile.BeyondFloors(ThresholdSolution.PositionOf(threshold, session.Weight));
        }

        return bytes;
    }
}
