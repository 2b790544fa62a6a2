namespace KVCluster.Compression.Budgets;

/// <summary>
/// How much of a cache may stay: a number of slots over all layers and heads, or a compression ratio that each policy turns into slots in
/// the units it works in (composites, tokens a head, single slots), since truncation depends on the unit.
/// </summary>
public readonly record struct RetentionBudget
{
    private readonly long _slots;

    private RetentionBudget(long slots, double? ratio, RatioBasis basis)
    {
        _slots = slots;
        Ratio = ratio;
        Basis = basis;
    }

    /// <summary>The fraction removed, in [0, 1); null where the budget is a number of slots.</summary>
    public double? Ratio { get; }

    /// <summary>What the ratio is a share of.</summary>
    public RatioBasis Basis { get; }

    /// <summary>At most this many slots over all layers and KV heads.</summary>
    public static RetentionBudget OfSlots(long slots)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(slots);
        return new RetentionBudget(slots, null, RatioBasis.Present);
    }

    /// <summary>The fraction <paramref name="ratio"/> is removed. Throws <see cref="PolicyException"/> unless it lies in [0, 1).</summary>
    public static RetentionBudget OfRatio(double ratio, RatioBasis basis = RatioBasis.Present)
    {
        CheckRatio(ratio);
        return new RetentionBudget(0, ratio, basis);
    }

    /// <summary>
    /// What stays of <paramref name="count"/> things at a ratio: (int)(count * (1 - ratio)) in IEEE doubles, 1 - ratio first, as the
    /// reference implementations count. 10 at 0.8 gives 1, because 10 * (1 - 0.8) is 1.9999999999999996.
    /// </summary>
    public static long KeptOf(long count, double ratio)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        CheckRatio(ratio);
        return (long)(count * (1 - ratio));
    }

    /// <summary>
    /// The slots that may stay of a cache. A ratio is applied to units of <paramref name="unit"/> slots where the cache consists of whole
    /// units, else to single slots. Never more than are present.
    /// </summary>
    public long Slots(CacheShape shape, long unit = 1)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(unit);
        if (Ratio is not { } ratio)
        {
            return Math.Min(_slots, shape.TotalSlots);
        }

        long all = Basis == RatioBasis.Present ? shape.TotalSlots : (long)shape.Layers * shape.KvHeads * shape.LogicalLength;
        long kept = all % unit == 0 ? unit * KeptOf(all / unit, ratio) : KeptOf(all, ratio);
        return Math.Min(kept, shape.TotalSlots);
    }

    private static void CheckRatio(double ratio)
    {
        if (!(ratio >= 0 && ratio < 1))
        {
            throw new PolicyException($"compression ratio {ratio}: the fraction removed lies in [0, 1)");
        }
    }
}
