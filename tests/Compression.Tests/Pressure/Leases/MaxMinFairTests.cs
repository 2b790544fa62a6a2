using FsCheck;
using FsCheck.Fluent;
using KVCluster.Compression.Pressure.Leases;

namespace KVCluster.Compression.Tests.Pressure.Leases;

public sealed class MaxMinFairTests
{
    private static Arbitrary<(int Total, FairClaim[] Claims)> Cases =>
        (from claims in Gen.NonEmptyListOf(
             from need in Gen.Choose(0, 5000)
             from guarantee in Gen.Choose(0, 1500)
             from weight in Gen.Elements(0.25, 1, 1, 3.0)
             select new FairClaim(need, guarantee, weight))
         from total in Gen.Choose(0, 20_000)
         select (total, claims.ToArray())).ToArbitrary();

    [Fact]
    public void Nothing_is_shared_twice_and_nothing_needed_is_left_over()
    {
        Prop.ForAll(Cases, c =>
        {
            long[] parts = MaxMinFair.Share(c.Total, c.Claims);
            long needed = c.Claims.Sum(x => x.Need);
            return parts.Sum() <= c.Total && parts.Sum() >= Math.Min(c.Total, needed) - c.Claims.Length
                && parts.Zip(c.Claims).All(p => p.First <= p.Second.Need);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Guarantees_hold_where_they_fit()
    {
        Prop.ForAll(Cases, c =>
        {
            long[] parts = MaxMinFair.Share(c.Total, c.Claims);
            bool fit = c.Claims.Sum(x => Math.Min(x.Need, x.Guarantee)) <= c.Total;
            return !fit || parts.Zip(c.Claims).All(p => p.First >= Math.Min(p.Second.Need, p.Second.Guarantee));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Who_is_left_short_has_no_relatively_smaller_part_than_any_other_beyond_its_guarantee()
    {
        Prop.ForAll(Cases, c =>
        {
            long[] parts = MaxMinFair.Share(c.Total, c.Claims);
            if (c.Claims.Sum(x => Math.Min(x.Need, x.Guarantee)) > c.Total)
            {
                return true;
            }

            for (int i = 0; i < parts.Length; i++)
            {
                for (int j = 0; j < parts.Length; j++)
                {
                    bool shortOf = parts[i] < c.Claims[i].Need;
                    bool beyond = parts[j] > Math.Min(c.Claims[j].Need, c.Claims[j].Guarantee);
                    if (shortOf && beyond && (parts[i] + 2) / c.Claims[i].Weight < (parts[j] - 1) / c.Claims[j].Weight)
                    {
                        return false;
                    }
                }
            }

            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Guarantees_beyond_the_total_shrink_alike() =>
        Assert.Equal([25, 75], MaxMinFair.Share(100, [new FairClaim(500, 100), new FairClaim(500, 300)]));

    [Fact]
    public void A_claim_out_of_range_is_refused() =>
        Assert.Throws<ArgumentException>(() => MaxMinFair.Share(100, [new FairClaim(1, 0, 0)]));
}
