using FsCheck;
using FsCheck.Fluent;
using KVCluster.Compression.Pressure;

namespace KVCluster.Compression.Tests.Pressure;

public sealed class ReturnChanceTests
{
    private static readonly ReturnChance _chance = new();

    [Fact]
    public void It_falls_as_the_silence_grows_and_stays_a_chance()
    {
        Prop.ForAll(Gen.ArrayOf(Gen.Choose(0, 5000)).ToArbitrary(), gaps =>
        {
            double[] seconds = Array.ConvertAll(gaps, g => g / 10.0);
            double last = 1;
            for (double idle = 0; idle < 1e7; idle = (idle * 1.3) + 1)
            {
                double chance = _chance.Of(idle, seconds);
                if (!(chance >= 0 && chance <= last))
                {
                    return false;
                }

                last = chance;
            }

            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_longer_horizon_is_a_larger_chance() =>
        Assert.True((_chance with { Horizon = 3600 }).Of(120, [30]) > _chance.Of(120, [30]));

    [Fact]
    public void Silence_means_more_after_short_gaps_than_after_long_ones() =>
        Assert.True(_chance.Of(900, [5, 5, 5, 5, 5]) < _chance.Of(900, [600, 600, 600, 600, 600]));

    [Fact]
    public void Only_the_last_gaps_count() =>
        Assert.Equal((_chance with { Memory = 2 }).Of(10, [9999, 1, 2]), _chance.Of(10, [1, 2]));

    [Fact]
    public void Clocks_that_went_back_count_as_no_silence() => Assert.Equal(_chance.Of(0, []), _chance.Of(-50, []));

    [Fact]
    public void Settings_out_of_range_are_named()
    {
        Assert.Contains("over 1", Assert.Throws<PolicyException>(() => (_chance with { Over = 1 }).Of(1, [])).Message);
        Assert.Contains("horizon 0", Assert.Throws<PolicyException>(() => (_chance with { Horizon = 0 }).Of(1, [])).Message);
    }

    [Fact]
    public void Priority_doubles_and_the_tenants_share_is_bounded()
    {
        Assert.Equal(8, SessionWeight.Importance(3));
        Assert.Equal(2 * 0.5, SessionWeight.Importance(1, usedBytes: 200, entitledBytes: 100));
        Assert.Equal(4, SessionWeight.Importance(0, usedBytes: 0, entitledBytes: 100));
        Assert.Equal(0.25, SessionWeight.Importance(0, usedBytes: 1000, entitledBytes: 100));
        Assert.Throws<PolicyException>(() => SessionWeight.Importance(9));
    }

    [Fact]
    public void A_weight_falls_with_the_chance_to_a_floor()
    {
        Assert.Equal(1, SessionWeight.Of(2, 0.5));
        Assert.Equal(0.1, SessionWeight.Of(2, 0));
    }
}
