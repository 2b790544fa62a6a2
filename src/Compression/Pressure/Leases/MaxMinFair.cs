namespace KVCluster.Compression.Pressure.Leases;

/// <summary>
/// Weighted max-min fairness with guarantees: everyone gets <c>min(need, max(guarantee, level * weight))</c>, at the greatest level at which the
/// total suffices. Nobody can get more without another who has relatively less getting less still.
/// </summary>
public static class MaxMinFair
{
    private const int Steps = 100;

    /// <summary>
    /// The parts, in the order of the claims; rounded down, so that up to a byte a claim may stay unshared. Where the total does not cover the
    /// guarantees (or needs below them), each gets the same share of its own.
    /// </summary>
    public static long[] Share(long total, ReadOnlySpan<FairClaim> claims)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(total);
        long assured = 0;
        long needed = 0;
        double most = 0;
        foreach (FairClaim claim in claims)
        {
            claim.Validate();
            assured = checked(assured + claim.Assured);
            needed = checked(needed + claim.Need);
            most = Math.Max(most, claim.Need / claim.Weight);
        }

        long[] parts = new long[claims.Length];
        if (assured > total)
        {
            for (int i = 0; i < parts.Length; i++)
            {
                parts[i] = (long)((Int128)claims[i].Assured * total / assured);
            }

            return parts;
        }

        double level = needed <= total ? double.PositiveInfinity : Level(total, claims, most);
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = claims[i].At(level);
        }

        return parts;
    }

    // The largest level found that does not share out more than the total.
    private static double Level(long total, ReadOnlySpan<FairClaim> claims, double most)
    {
        double low = 0;
        double high = most;
        for (int step = 0; step < Steps && low < high; step++)
        {
            double middle = low + ((high - low) / 2);
            long sum = 0;
            foreach (FairClaim claim in claims)
            {
                sum += claim.At(middle);
            }

            (low, high) = sum <= total ? (middle, high) : (low, middle);
        }

        return low;
    }
}

/// <summary>One claim on a total.</summary>
/// <param name="Need">The most it can use.</param>
/// <param name="Guarantee">What it gets in any case, as far as it needs it.</param>
/// <param name="Weight">Its part relative to others, above 0.</param>
public readonly record struct FairClaim(long Need, long Guarantee = 0, double Weight = 1)
{
    internal long Assured => Math.Min(Need, Guarantee);

    internal long At(double level) =>
        double.IsPositiveInfinity(level) ? Need : Math.Max(Assured, (long)Math.Min(Need, level * Weight));

    internal void Validate()
    {
        if (Need < 0 || Guarantee < 0 || !(Weight > 0 && double.IsFinite(Weight)))
        {
            throw new ArgumentException($"a claim of {Need}, guaranteed {Guarantee}, weight {Weight}: not negative, and the weight above 0");
        }
    }
}
