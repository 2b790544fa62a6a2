using KVCluster.Compression.Pressure.Admission;

namespace KVCluster.Compression.Tests.Pressure.Admission;

public sealed class AdmissionOutlookTests
{
    private static readonly AdmissionOutlook _outlook = new()
    {
        Running = [new RunningTurn(10, 100), new RunningTurn(4, 50), new RunningTurn(60, 1000)],
        ReclaimableBytes = 30,
        ReclaimBytesPerSecond = 10,
    };

    [Theory]
    [InlineData(0, 0.0)]
    [InlineData(10, 1.0)]
    [InlineData(30, 3.0)]
    [InlineData(31, 4.0)]
    [InlineData(80, 4.0)]
    [InlineData(81, 10.0)]
    [InlineData(180, 10.0)]
    [InlineData(1180, 60.0)]
    public void Bytes_come_from_turns_that_end_and_from_what_is_reclaimed(long missing, double seconds) =>
        Assert.Equal(seconds, _outlook.SecondsUntil(missing));

    [Fact]
    public void What_never_comes_has_no_time() => Assert.Null(_outlook.SecondsUntil(1181));

    [Theory]
    [InlineData(100, 10.0)]
    [InlineData(1, 5.0)]
    public void Turns_ahead_take_theirs_first_and_give_them_back(double seconds, double start) =>
        Assert.Equal(start, (_outlook with { Ahead = [new QueuedTurn(seconds, 80)] }).SecondsUntil(20));

    [Fact]
    public void A_queue_that_wants_more_than_there_is_comes_to_its_end_all_the_same()
    {
        QueuedTurn[] ahead = [.. Enumerable.Repeat(new QueuedTurn(10, 90), 5)];
        AdmissionOutlook outlook = AdmissionOutlook.Nothing with { FreeBytes = 100, Ahead = ahead };
        Assert.Equal(0, (outlook with { Ahead = [] }).SecondsUntil(100));
        Assert.Equal(40, outlook.SecondsUntil(10));
        Assert.Equal(50, outlook.SecondsUntil(11));
        Assert.Equal(20, (outlook with { FreeBytes = 190 }).SecondsUntil(100));
    }

    [Fact]
    public void What_wants_more_than_there_will_ever_be_starts_with_all_there_is_where_it_may()
    {
        AdmissionOutlook outlook = _outlook with { Running = [new RunningTurn(4, 50)], Ahead = [new QueuedTurn(7, 5000)] };
        Assert.Null(outlook.SecondsUntil(9000));
        Assert.Equal(11, (outlook with { StartsWithLess = true }).SecondsUntil(9000));
    }

    [Fact]
    public void More_is_held_than_may_be_until_enough_has_ended() =>
        Assert.Equal(10, (_outlook with { FreeBytes = -60 }).SecondsUntil(21));

    [Fact]
    public void Retry_after_is_whole_seconds_and_at_least_one()
    {
        Assert.Equal(TimeSpan.FromSeconds(1), _outlook.RetryAfter(0));
        Assert.Equal(TimeSpan.FromSeconds(2), _outlook.RetryAfter(11));
        Assert.Null(AdmissionOutlook.Nothing.RetryAfter(1));
    }

    [Fact]
    public void It_is_the_least_time_by_definition()
    {
        Random random = new(3);
        for (int round = 0; round < 300; round++)
        {
            AdmissionOutlook outlook = new()
            {
                Running = [.. Enumerable.Range(0, random.Next(6)).Select(_ => new RunningTurn(random.Next(40) / 4.0, random.Next(100)))],
                ReclaimableBytes = random.Next(100),
                ReclaimBytesPerSecond = random.Next(3) * 8,
            };
            long missing = random.Next(250);
            bool Enough(double t) => missing <= Math.Min(outlook.ReclaimableBytes, outlook.ReclaimBytesPerSecond * t) + outlook.Running.Where(r => r.SecondsLeft <= t).Sum(r => r.Bytes);
            double? seconds = outlook.SecondsUntil(missing);
            Assert.Equal(seconds is not null, Enough(1e6));
            if (seconds is { } found)
            {
                Assert.True(Enough(found + 1e-9));
                Assert.True(found == 0 || !Enough(found - 1e-6));
            }
        }
    }
}
