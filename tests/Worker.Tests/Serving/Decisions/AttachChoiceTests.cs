using KVCluster.Worker.Serving.Decisions;

namespace KVCluster.Worker.Tests.Serving.Decisions;

public sealed class AttachChoiceTests
{
    private static readonly AttachSpeeds Speeds = new(PrefillTokensPerSecond: 1000, LoadBytesPerSecond: 1e8);

    [Fact]
    public void A_whole_resident_cache_costs_nothing()
    {
        Assert.Equal(new AttachChoice(AttachWay.Resident, 0), AttachChoice.Of(500, 500, 500, 1, Speeds));
    }

    [Fact]
    public void Loading_is_chosen_where_it_is_quicker_and_its_tail_is_computed()
    {
        // 0.2 s for 20 MB, 0.1 s for the 100 tokens behind them, against 2 s.
        AttachChoice choice = AttachChoice.Of(2000, 0, 1900, 20_000_000, Speeds);
        Assert.Equal(AttachWay.Load, choice.Way);
        Assert.Equal(0.3, choice.Seconds, 6);
    }

    [Fact]
    public void Computing_is_chosen_where_the_store_is_slow()
    {
        AttachChoice choice = AttachChoice.Of(2000, 0, 2000, 300_000_000, Speeds);
        Assert.Equal(new AttachChoice(AttachWay.Resident, 2), choice);
    }

    [Fact]
    public void What_is_resident_already_is_not_paid_for_again()
    {
        Assert.Equal(AttachWay.Resident, AttachChoice.Of(2000, 1950, 2000, 20_000_000, Speeds).Way);
        Assert.Equal(AttachWay.Load, AttachChoice.Of(2000, 1000, 2000, 20_000_000, Speeds).Way);
    }

    [Fact]
    public void A_copy_of_no_more_than_is_resident_is_not_loaded_and_a_tie_is_computed()
    {
        Assert.Equal(AttachWay.Resident, AttachChoice.Of(2000, 1000, 1000, 1, Speeds).Way);
        Assert.Equal(AttachWay.Resident, AttachChoice.Of(1000, 0, 1000, 100_000_000, Speeds).Way);
    }
}
