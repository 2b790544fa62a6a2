namespace KVCluster.Compression.Pressure;

/// <summary>
/// Finds the one price, in weighted seconds a byte, at which the best acts of all sessions together free what is wanted, and gives back whole
/// sessions that turn out not to be needed.
/// </summary>
internal static class ActPlanner
{
    // Prices are searched by the upper bits of a double: 20 of the mantissa.
    private const int DroppedBits = 32;
    private const double LeastPrice = 1e-30;
    private const double MostPrice = 1e30;

    /// <summary>
    /// The best act for each session that together free at least <paramref name="wanted"/> bytes at least cost, or all there is. A session
    /// leaves whole, so up to one session's bytes may come free beyond that.
    /// </summary>
    public static ActOption[] Choose(ActChoices choices, long wanted)
    {
        if (wanted <= 0)
        {
            return [.. choices.Candidates.Select(_ => ActOption.None)];
        }

        ActOption[] most = choices.Most();
        if (most.Sum(o => o.Freed) <= wanted)
        {
            return most;
        }

        double price = PriceOf(PriceStep(choices, wanted));
        ActOption[] options = choices.Best(price);
        GiveBack(choices, options, wanted, price);
        return options;
    }

    /// <summary>The same, freeing at most <paramref name="allowed"/> bytes.</summary>
    public static ActOption[] ChooseWithin(ActChoices choices, long allowed)
    {
        ActOption[] most = choices.Most();
        if (allowed <= 0 || most.Sum(o => o.Freed) <= allowed)
        {
            return allowed <= 0 ? [.. choices.Candidates.Select(_ => ActOption.None)] : most;
        }

        // The step below the least price that frees as much frees less.
        long step = PriceStep(choices, allowed) - 1;
        return choices.Best(PriceOf(step));
    }

    private static long PriceStep(ActChoices choices, long wanted)
    {
        long low = BitConverter.DoubleToInt64Bits(LeastPrice) >> DroppedBits;
        long high = BitConverter.DoubleToInt64Bits(MostPrice) >> DroppedBits;
        while (low < high)
        {
            long middle = low + ((high - low) >> 1);
            (low, high) = choices.Freed(PriceOf(middle), wanted) >= wanted ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    private static double PriceOf(long step) => BitConverter.Int64BitsToDouble(step << DroppedBits);

    // At the price found, sessions that leave whole may free more than is wanted: the dearest stay, cut if that is cheaper than leaving.
    private static void GiveBack(ActChoices choices, ActOption[] options, long wanted, double price)
    {
        IReadOnlyList<PricedCandidate> candidates = choices.Candidates;
        HashSet<int> together = [];
        long surplus = choices.GiveBackGroups(options, price, options.Sum(o => o.Freed) - wanted, together);
        foreach (int i in DearestFirst(candidates, options))
        {
            if (surplus <= 0)
            {
                return;
            }

            if (options[i].Kind is not (ActKind.Drop or ActKind.Demote) || together.Contains(i))
            {
                continue;
            }

            ActOption cut = candidates[i].Compress(price);
            ActOption other = cut.Cost < options[i].Cost && options[i].Freed - cut.Freed <= surplus ? cut : ActOption.None;
            long less = options[i].Freed - other.Freed;
            if (less <= surplus && less > 0)
            {
                surplus -= less;
                options[i] = other;
            }
        }
    }

    private static IEnumerable<int> DearestFirst(IReadOnlyList<PricedCandidate> candidates, ActOption[] options) =>
        Enumerable.Range(0, options.Length)
            .Where(i => options[i].Freed > 0)
            .OrderByDescending(i => options[i].CostPerByte)
            .ThenByDescending(i => options[i].Kind)
            .ThenByDescending(i => candidates[i].Candidate.Session, StringComparer.Ordinal)
            .ToArray();
}
